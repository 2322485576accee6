import type { KubeEvent } from "../../api/objects.ts";
import type { Pod } from "../../api/pod.ts";
import { injectedPod } from "../../core/json/patch.ts";
import { blamedSidecarSets } from "../../core/refused/blame.ts";
import { FAILED_CREATE, failedCreateOf } from "../../core/refused/message.ts";
import { podOfWorkload } from "../../core/refused/workload.ts";
import type { RefusalSummary } from "../../core/status/facts.ts";
import type { RestClient } from "../../kube/contract.ts";
import { listWatch } from "../../kube/list_watch.ts";
import { ReflectorLoop } from "../../kube/reflector_loop.ts";
import { resources } from "../../kube/resources.ts";
import { readWorkload } from "../../kube/workloads.ts";
import { aborted } from "../loop.ts";
import type { DryRunFacts } from "../dry_runs.ts";
import { RefusedPods, type RefusedPodsOptions } from "./pods.ts";

const SELECTION = { fieldSelector: `reason=${FAILED_CREATE}` };

/** Refusals are reported again and again, so a dead watch may be noticed late. */
const TIMING = { watchSeconds: 75, idleDeadlineMs: 85_000 };

interface RefusedControllerOptions extends Omit<RefusedPodsOptions, "readWorkload" | "blame"> {
  readonly client: RestClient;
  dryRunFacts(pod: Pod): DryRunFacts;
}

/**
 * Finds workloads whose Pods the API server refuses because of a sidecar. Only the leader watches events, because they
 * are many and the API server does not cache them.
 */
export class RefusedController {
  readonly #options: RefusedControllerOptions;
  readonly #pods: RefusedPods;
  #isLeading = false;
  #leadership = new AbortController();

  constructor(options: RefusedControllerOptions) {
    this.#options = options;
    const { client, dryRunFacts } = options;
    this.#pods = new RefusedPods({
      ...options,
      readWorkload: (workload, signal) => readWorkload(client, workload, signal),
      blame: (workload, { workload: reference, text }) =>
        blame(podOfWorkload(workload, reference), { text, dryRunFacts }),
    });
  }

  /** The workloads that lack Pods because of a SidecarSet; undefined if there are none. */
  summaryOf(sidecarSet: string): RefusalSummary | undefined {
    return this.#pods.summaryOf(sidecarSet);
  }

  /** Whether what an earlier leader has reported for a SidecarSet was examined again. */
  isExamined(sidecarSet: string): boolean {
    return this.#pods.isExamined(sidecarSet);
  }

  /** Starts or ends the watch of events. */
  setLeading(isLeading: boolean): void {
    this.#isLeading = isLeading;
    this.#leadership.abort();
  }

  /** Works until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#pods.run(signal), this.#watchWhileLeading(signal)]);
  }

  async #watchWhileLeading(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#leadership = new AbortController();
      const changed = this.#leadership.signal;
      if (this.#isLeading) await this.#watch(AbortSignal.any([signal, changed]));
      else await aborted(signal, changed);
    }
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { client, clock, logger } = this.#options;
    const pods = this.#pods;
    const loop = new ReflectorLoop<KubeEvent>({
      name: "events",
      source: listWatch(client, { resource: resources.events, selection: SELECTION }),
      clock,
      logger,
      random: Math.random,
      timing: TIMING,
      onSilent: () => client.renewConnections?.(),
      onChange(change) {
        if (change.type === "apply") pods.observe(failedCreateOf(change.object));
        if (change.type === "page") {
          for (const each of change.items) pods.observe(failedCreateOf(each));
        }
        if (change.type === "listed") pods.listed();
      },
    });
    pods.begin();
    await loop.run(signal);
    pods.forgetAll();
  }
}

function blame(
  pod: Pod | undefined,
  { text, dryRunFacts }: { text: string; dryRunFacts: RefusedControllerOptions["dryRunFacts"] },
): string[] {
  if (pod === undefined) return [];
  const { excludedNamespaces, request, inject } = dryRunFacts(pod);
  if (excludedNamespaces.has(pod.metadata.namespace ?? "")) return [];
  const injection = inject({ ...request, pod });
  const selecting = request.match(injectedPod(pod, injection.patch).metadata.labels ?? {});
  return blamedSidecarSets(text, { pod, selecting, injection });
}
