import type { KubeEvent, ObjectReference, Workload } from "../api/objects.ts";
import type { Pod } from "../api/pod.ts";
import type { LoopEnvironment } from "../controller/loop.ts";
import { RefusedPods } from "../controller/refused.ts";
import { blamedSidecarSets } from "../core/refused/blame.ts";
import { FAILED_CREATE, failedCreateOf } from "../core/refused/failed_create.ts";
import { podOfWorkload, type RefusableKind, refusableKind } from "../core/refused/workload.ts";
import type { RestClient } from "../kube/contract.ts";
import { listWatch } from "../kube/list_watch.ts";
import { ReflectorLoop } from "../kube/reflector_loop.ts";
import { get } from "../kube/requests.ts";
import { type Resource, resources } from "../kube/resources.ts";
import { send } from "../kube/send.ts";
import { aborted } from "./aborted.ts";
import type { DryRunFacts } from "./dry_runs.ts";
import { OTHER_TIMING } from "./reflection.ts";

const SELECTION = { fieldSelector: `reason=${FAILED_CREATE}` };

const RESOURCES: Readonly<Record<RefusableKind, Resource<Workload>>> = {
  ReplicaSet: resources.replicaSets,
  StatefulSet: resources.statefulSets,
  DaemonSet: resources.daemonSets,
  Job: resources.jobs,
};

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
      timing: OTHER_TIMING,
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

/** A workload that an event is about. Rejects with what the API server answers. */
export function readWorkload(
  client: RestClient,
  reference: ObjectReference,
  signal?: AbortSignal,
): Promise<Workload> {
  const kind = refusableKind(reference);
  if (kind === undefined) throw new TypeError(`Cannot read a ${reference.kind} as a workload`);
  const { name = "", namespace = "" } = reference;
  return send(client, get(RESOURCES[kind], { name, namespace }), signal);
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
