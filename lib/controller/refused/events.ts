import type { KubeEvent } from "../../api/objects.ts";
import type { Pod } from "../../api/pod.ts";
import { blamedSidecarSets } from "../../core/refused/blame.ts";
import { FAILED_CREATE, failedCreateOf } from "../../core/refused/failed_create.ts";
import { podOfWorkload } from "../../core/refused/workload.ts";
import type { RestClient } from "../../kube/contract.ts";
import { listWatch } from "../../kube/list_watch.ts";
import { ReflectorLoop } from "../../kube/reflector_loop.ts";
import { resources } from "../../kube/resources.ts";
import { readWorkload } from "../../kube/workloads.ts";
import { aborted } from "../aborted.ts";
import type { DryRunFacts } from "../dry_runs.ts";
import type { LoopEnvironment } from "../loop.ts";
import { RefusedPods } from "./controller.ts";

const SELECTION = { fieldSelector: `reason=${FAILED_CREATE}` };

/** Refusals are reported again and again, so a dead watch may be noticed late. */
const TIMING = { watchSeconds: 75, idleDeadlineMs: 85_000 };

export interface RefusalsOptions extends LoopEnvironment {
  readonly client: RestClient;
  /** What the webhook would know if a Pod were created now. */
  dryRunFacts(pod: Pod): DryRunFacts;
  onChange(sidecarSet: string): void;
}

/** Finds workloads whose Pods the API server refuses because of a sidecar. */
export interface Refusals {
  readonly pods: RefusedPods;
  /** Told when this process begins or ceases to lead: only the leader reads events, which are many and not cached by the API server. */
  lead(leading: boolean): void;
  run(signal: AbortSignal): Promise<void>;
}

export function createRefusals(options: RefusalsOptions): Refusals {
  const { client, clock, logger, dryRunFacts } = options;
  const pods = new RefusedPods({
    ...options,
    readWorkload: (workload, signal) => readWorkload(client, workload, signal),
    blame: (workload, { workload: reference, text }) =>
      blame(podOfWorkload(workload, reference), { text, dryRunFacts }),
  });
  let leading = false;
  let turn = new AbortController();

  /** The lists and watches of one time as the leader. */
  async function follow(signal: AbortSignal): Promise<void> {
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
      },
    });
    await loop.run(signal);
    pods.forgetAll();
  }

  async function followWhileLeading(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      turn = new AbortController();
      if (leading) await follow(AbortSignal.any([signal, turn.signal]));
      else await aborted(signal, turn.signal);
    }
  }

  return {
    pods,
    lead(isLeading) {
      leading = isLeading;
      turn.abort();
    },
    async run(signal) {
      await Promise.all([pods.run(signal), followWhileLeading(signal)]);
    },
  };
}

function blame(
  pod: Pod | undefined,
  { text, dryRunFacts }: { text: string; dryRunFacts: RefusalsOptions["dryRunFacts"] },
): string[] {
  if (pod === undefined) return [];
  const { excludedNamespaces, request, inject } = dryRunFacts(pod);
  if (excludedNamespaces.has(pod.metadata.namespace ?? "")) return [];
  const { selecting } = request;
  return blamedSidecarSets(text, { pod, selecting, injection: inject({ ...request, pod }) });
}
