import type { ObservedPod } from "../../core/observed_pod.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import { controllerOf } from "../../core/cleanup/eviction.ts";
import { hasTrait, type PodClass, PodTrait } from "../../core/status/pod_class.ts";
import type { LiveView } from "../../runtime/live_view.ts";
import { mechanismNote, mechanismOf } from "../sidecarsets/mechanism.ts";
import { conditionOf, rolloutStateOf, stateWord } from "../sidecarsets/rollout_state.ts";

/** One SidecarSet of the overview. */
export interface Row {
  readonly name: string;
  /** Numbers of Pods from the status, without overlap. */
  readonly counts: Readonly<Record<PodState, number>>;
  /** The state in the words of `sidecarset status`. */
  readonly state: string;
  readonly message: string;
  /** How urgent it is: 3 needs a user's action, 2 is moving, 1 is paused or incomplete, 0 needs nothing. */
  readonly attention: 0 | 1 | 2 | 3;
  readonly conditions: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason: string;
    readonly message: string;
  }[];
  /** What injects it, if it asks for a policy; else empty. */
  readonly mechanism: string;
  readonly revision: string;
  /** RFC 3339. */
  readonly created: string;
}

/** State of a Pod for a SidecarSet. */
type PodState =
  | "updated"
  | "inFlight"
  | "outdated"
  | "notUpgradable"
  | "uninjected"
  | "missed";

/** One Pod of a SidecarSet. */
export interface Cell {
  /** `namespace/name`. */
  readonly key: string;
  /** `Deployment/web`, or empty for a Pod without a controller. */
  readonly workload: string;
  readonly state: PodState;
}

/** The overview's row of a SidecarSet, from its stored status. */
export function rowOf({ name, sidecarSet }: PreparedSidecarSet): Row {
  const { metadata, status = {} } = sidecarSet;
  const { matchedPods = 0, updatedPods = 0, updatedReadyPods = 0 } = status;
  const { notUpgradablePods = 0, uninjectedPods = 0, missedPods = 0 } = status;
  const { message } = rolloutStateOf(sidecarSet);
  const conditions = (status.conditions ?? [])
    .map(({ type, status, reason, message }) => ({ type, status, reason, message }));
  return {
    name,
    counts: {
      updated: updatedReadyPods,
      inFlight: Math.max(0, updatedPods - updatedReadyPods),
      outdated: Math.max(0, matchedPods - updatedPods - notUpgradablePods),
      notUpgradable: notUpgradablePods,
      uninjected: Math.max(0, uninjectedPods - missedPods),
      missed: missedPods,
    },
    state: stateWord(sidecarSet),
    message,
    attention: attentionOf({ sidecarSet }),
    conditions,
    mechanism: mechanismNote(mechanismOf(sidecarSet)) ?? "",
    revision: status.latestRevision ?? "",
    created: metadata.creationTimestamp ?? "",
  };
}

function attentionOf({ sidecarSet }: Pick<PreparedSidecarSet, "sidecarSet">): Row["attention"] {
  const { spec, status = {} } = sidecarSet;
  const isPaused = spec.updateStrategy?.paused === true || spec.injectionStrategy?.paused === true;
  const { state } = rolloutStateOf(sidecarSet);
  const isFailing = conditionOf(status, "Ready")?.status === "False" ||
    conditionOf(status, "PodsMissed")?.status === "True" || (state === "Blocked" && !isPaused);
  if (isFailing) return 3;
  if (state === "Moving") return 2;
  return isPaused || (status.uninjectedPods ?? 0) > 0 ? 1 : 0;
}

/** The Pods that a SidecarSet selects, by key. */
export function cellsOf({ index }: LiveView, sidecarSet: string): Map<string, Cell> {
  const cells = new Map<string, Cell>();
  for (const [key, podClass] of index.pods.classesOf(sidecarSet)) {
    const pod = index.pods.get(key);
    if (pod) cells.set(key, { key, workload: workloadTitle(pod), state: stateOf(podClass) });
  }
  return cells;
}

function stateOf(podClass: PodClass): PodState {
  const has = (trait: number) => hasTrait(podClass, trait);
  if (has(PodTrait.Uninjected)) return has(PodTrait.Missed) ? "missed" : "uninjected";
  if (has(PodTrait.Updated)) return has(PodTrait.Ready) ? "updated" : "inFlight";
  if (has(PodTrait.InFlight)) return "inFlight";
  return has(PodTrait.NotUpgradable) ? "notUpgradable" : "outdated";
}

/** The controller of a Pod. A ReplicaSet's name without the hash of the Pod template is that of its Deployment. */
function workloadTitle(pod: ObservedPod): string {
  const owner = controllerOf(pod);
  if (owner === undefined) return "";
  const hash = pod.metadata.labels?.["pod-template-hash"];
  const isDeployment = owner.kind === "ReplicaSet" && hash !== undefined &&
    owner.name.endsWith(`-${hash}`);
  return isDeployment
    ? `Deployment/${owner.name.slice(0, -hash.length - 1)}`
    : `${owner.kind}/${owner.name}`;
}
