import { preconditionsOf, rfc3339 } from "../../api/meta.ts";
import { INPLACE_UPDATE_STATE_ANNOTATION } from "../../api/names.ts";
import type { IntOrPercent } from "../../api/strategies.ts";
import { IDLE_ANNOTATION } from "../annotations/image_records.ts";
import { injectedSidecarSets } from "../annotations/injected_list.ts";
import {
  inPlaceStatesText,
  RESTART_COUNTS_ANNOTATION,
  restartCountsText,
} from "../annotations/inplace_state.ts";
import { releasedAnnotations } from "../pod_metadata/removal.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import type { ObservedPod } from "../observed_pod.ts";
import { BudgetWalk, unavailableLimit } from "../rollout/budget.ts";
import { isStateConsistent } from "../status/consistency.ts";
import { hasMainEnded, sidecarContainerNames } from "../status/containers.ts";
import { isActive, isRunningAndReady } from "../status/readiness.ts";
import { endIdle, imagesInLists, type ImageSwap, isSettlingIdle, makeIdle } from "./idle.ts";
import { type Surplus, surplusOf, type SurplusScope } from "./surplus.ts";
import { forEachInSteps, type Steps } from "../steps.ts";

/** What happens to sidecars that are no longer needed. */
export type CleanupAction =
  | { readonly type: "Retain" }
  | { readonly type: "Idle"; readonly idleImage: string }
  | { readonly type: "Evict" };

/** Input for planning the next step of a clean-up. */
export interface CleanupSnapshot {
  readonly scope: SurplusScope;
  readonly action: CleanupAction;
  readonly maxUnavailable: IntOrPercent | undefined;
  /** Pods whose annotations name the SidecarSet. */
  readonly pods: Iterable<ObservedPod>;
  /** UIDs of Pods whose update has not been observed yet. */
  readonly pending: ReadonlySet<string>;
  /** Maximum number of writes. */
  readonly room: number;
  /** By UID of Pods with a failed write: time in milliseconds of the next try. */
  readonly retryAt: ReadonlyMap<string, number>;
  readonly now: Date;
}

/** A change of a Pod: a strategic merge patch with uid and resourceVersion as preconditions. */
export interface CleanupWrite {
  /**
   * `Idle` sets the idle image, `Return` restores images, `Release` removes the records of a deleted SidecarSet
   * from a Pod.
   */
  readonly kind: "Idle" | "Return" | "Release";
  readonly pod: ObservedPod;
  readonly patch: object;
}

/** A Pod to evict by the eviction rule. */
interface CleanupEviction {
  readonly pod: ObservedPod;
  readonly surplus: Surplus;
}

/** The next step, and the clean-up's progress. */
export interface CleanupPlan {
  readonly writes: readonly CleanupWrite[];
  readonly evictions: readonly CleanupEviction[];
  /** Number of Pods with surplus sidecars, those of this step included. */
  readonly remaining: number;
  /** Among them, Pods that wait for the budget. */
  readonly heldBack: number;
  /** Number of unavailable Pods, and its maximum. */
  readonly unavailable: number;
  readonly limit: number;
  /** Time in milliseconds of the next plan, even without a change. */
  readonly waitUntil?: number;
}

interface Candidate {
  readonly pod: ObservedPod;
  readonly write: CleanupWrite;
  readonly restarts: boolean;
}

/** Plans the next step of removing a SidecarSet's surplus sidecars from Pods. Deterministic. */
export function* planCleanup(snapshot: CleanupSnapshot): Steps<CleanupPlan> {
  const candidates: Candidate[] = [];
  const evictions: CleanupEviction[] = [];
  let total = 0;
  let unavailable = 0;
  let remaining = 0;
  let waitUntil = Infinity;
  yield* forEachInSteps(snapshot.pods, (pod) => {
    if (!isActive(pod) || hasMainEnded(pod)) return;
    // A Pod without the SidecarSet's records is done, even if the index still lists it.
    if (!injectedSidecarSets(pod).includes(snapshot.scope.sidecarSet)) return;
    total++;
    const busy = snapshot.pending.has(pod.metadata.uid ?? "");
    if (busy || !isAvailable(pod, snapshot.scope)) unavailable++;
    const surplus = surplusOf(pod, snapshot.scope);
    const work = workFor(pod, surplus, snapshot);
    const isEvicted = surplus !== undefined && snapshot.action.type === "Evict";
    if (work === undefined && !isEvicted) return;
    remaining++;
    // A released Pod no longer counts as unavailable, so it must not be released before its idle images run.
    if (busy || (work?.write.kind === "Release" && isSettlingIdle(pod))) return;
    const retryAt = snapshot.retryAt.get(pod.metadata.uid ?? "") ?? 0;
    if (retryAt > snapshot.now.getTime()) waitUntil = Math.min(waitUntil, retryAt);
    else if (work !== undefined) candidates.push(work);
    else if (surplus !== undefined) evictions.push({ pod, surplus });
  });
  const limit = unavailableLimit(snapshot.maxUnavailable, total);
  const walk = new BudgetWalk<Candidate, Candidate>(candidates, {
    limit: () => limit,
    unavailable: () => unavailable,
    isAvailable: ({ pod, restarts }) => restarts && isAvailable(pod, snapshot.scope),
    update: (candidate) => candidate,
  });
  const taken = yield* walk.take(snapshot.room);
  return {
    writes: taken.map(({ write }) => write),
    evictions,
    remaining,
    heldBack: walk.heldBack,
    unavailable,
    limit,
    ...(waitUntil === Infinity ? {} : { waitUntil }),
  };
}

/** Whether a Pod of an existing SidecarSet needs a clean-up. */
export function needsCleanup(
  pod: ObservedPod,
  { scope, action }: Pick<CleanupSnapshot, "scope" | "action">,
): boolean {
  const isIdle = IDLE_ANNOTATION in (pod.metadata.annotations ?? {});
  if (!isActive(pod) || hasMainEnded(pod) || (action.type === "Retain" && !isIdle)) return false;
  const { containers } = surplusOf(pod, scope) ?? { containers: [] };
  if (endIdle(pod, containers) !== undefined) return true;
  if (action.type === "Idle") {
    return makeIdle(pod, { containers, idleImage: action.idleImage }) !== undefined;
  }
  return action.type === "Evict" && containers.length > 0;
}

function isAvailable(pod: ObservedPod, { current, sidecarSet }: SurplusScope): boolean {
  if (!isRunningAndReady(pod) || isSettlingIdle(pod)) return false;
  return current === undefined ||
    isStateConsistent(pod, sidecarSet, sidecarContainerNames(current.sidecarSet));
}

function workFor(
  pod: ObservedPod,
  surplus: Surplus | undefined,
  { action, scope, now }: CleanupSnapshot,
): Candidate | undefined {
  if (scope.current !== undefined) {
    const swap = endIdle(pod, surplus?.containers ?? []);
    if (swap !== undefined) {
      const annotations = inPlaceChange(pod, scope.current, { swap, now });
      return candidate(pod, "Return", { swap, annotations });
    }
    if (surplus === undefined || action.type !== "Idle") return undefined;
    const idle = makeIdle(pod, { containers: surplus.containers, idleImage: action.idleImage });
    return idle && candidate(pod, "Idle", { swap: idle });
  }
  if (surplus !== undefined && action.type === "Evict") return undefined;
  const swap = action.type === "Idle"
    ? makeIdle(pod, { containers: surplus?.containers ?? [], idleImage: action.idleImage })
    : undefined;
  if (swap !== undefined) return candidate(pod, "Idle", { swap });
  const annotations = releasedAnnotations(pod, scope.sidecarSet);
  return candidate(pod, "Release", { annotations });
}

/** Records the change, so that the roll-out waits for it. */
function inPlaceChange(
  pod: ObservedPod,
  { name: sidecarSetName, hash: revision }: PreparedSidecarSet,
  { swap, now }: { swap: ImageSwap; now: Date },
): Record<string, string> {
  const change = {
    sidecarSetName,
    updateTimestamp: rfc3339(now),
    changedContainers: swap.images.map(({ name }) => name),
  };
  return {
    [INPLACE_UPDATE_STATE_ANNOTATION]: inPlaceStatesText(pod, { ...change, revision }),
    [RESTART_COUNTS_ANNOTATION]: restartCountsText(pod, change),
  };
}

function candidate(
  pod: ObservedPod,
  kind: CleanupWrite["kind"],
  { swap, annotations = {} }: { swap?: ImageSwap; annotations?: Record<string, string | null> },
): Candidate {
  const idle = swap === undefined ? {} : { [IDLE_ANNOTATION]: swap.annotation };
  const spec = imagesInLists(pod, swap?.images ?? []);
  const patch = {
    metadata: { ...preconditionsOf(pod), annotations: { ...annotations, ...idle } },
    ...(Object.keys(spec).length === 0 ? {} : { spec }),
  };
  return { pod, write: { kind, pod, patch }, restarts: (swap?.images.length ?? 0) > 0 };
}
