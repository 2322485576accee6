import type { Pod } from "../../api/pod.ts";
import { rfc3339 } from "../rfc3339.ts";
import type { Reason } from "../reasons.ts";
import { isRunningAndReady } from "../status/readiness.ts";
import { controllerOf, type EvictionFacts, mayEvict } from "./eviction.ts";
import { afterEviction, type EvictionGuard, expiresAt } from "./eviction_guard.ts";
import { settleGuards } from "./eviction_guards.ts";
import { settledAt, Workloads } from "./eviction_workloads.ts";
import type { ReplacementObstacle } from "./replacement.ts";

/** Everything that the next evictions for a SidecarSet depend on, as values. */
export interface EvictionSnapshot extends
  Pick<
    EvictionFacts,
    "recreatingKinds" | "webhookReady" | "unavailable" | "maxUnavailable" | "now"
  > {
  /** Pods to evict, in the order among those that are ready, and among those that are not. */
  readonly candidates: Iterable<Pod>;
  /** Whether a Pod is as it should be, so that nothing is left to do for it. */
  isWanted(pod: Pod): boolean;
  /** All Pods of a workload. */
  podsOf(workload: string): readonly Pod[];
  /** What earlier plans have found to lie in a Pod; undefined where nothing is known. */
  knownObstacleOf(pod: Pod): ReplacementObstacle | undefined;
  /** Result of the injection's dry run for a Pod's replacement. */
  obstacleOf(pod: Pod): ReplacementObstacle | undefined;
  readonly guards: readonly EvictionGuard[];
  /** When an eviction that a fault of the API server has prevented may be repeated, by the evicted Pod's uid. */
  readonly faultRetryAt?: ReadonlyMap<string, number>;
  /** Generation of the SidecarSet. */
  readonly generation: number;
}

/** Pods to evict now, and what keeps the others. */
export interface EvictionPlan {
  /** Each is evicted only once its guard is stored. */
  readonly evictions: readonly Pod[];
  /** What to remember without these evictions; the same reference where nothing has changed. */
  readonly guards: readonly EvictionGuard[];
  /** What lies in Pods, to be known by the next plans. */
  readonly obstacles: ReadonlyMap<Pod, ReplacementObstacle>;
  /** Why the first Pod that is not evicted stays. */
  readonly objection?: { readonly pod: Pod; readonly reason: Reason; readonly message: string };
  /** Milliseconds; when to plan again although nothing has changed. */
  readonly waitUntil?: number;
}

/** Max. workloads that wait for replacements: guards are stored in the status, which must stay small. */
const MOST_GUARDS = 100;
/** Limits of one plan, during which no admission is answered; the rest is left to the next plan. */
const MOST_DECISIONS = 2_000;
const MOST_DRY_RUNS = 200;
/** Milliseconds until then. */
const NEXT_PLAN = 250;

/** Plans evictions by the eviction rule, at most one of a workload at a time. */
export function planEvictions(snapshot: EvictionSnapshot): EvictionPlan {
  const guards = settleGuards(snapshot);
  const workloads = new Workloads(snapshot, guards);
  const evictions: Pod[] = [];
  const obstacles = new Map<Pod, ReplacementObstacle>();
  const done = new Set<string>();
  const { awaited, underWay } = workloads;
  let unavailable = snapshot.unavailable + awaited.length + underWay.length;
  let [decisions, dryRuns] = [0, 0];
  let objection: EvictionPlan["objection"];
  let waitUntil = Math.min(...awaited.map(expiresAt), ...underWay.map(settledAt));
  for (const pod of notReadyFirst(snapshot.candidates)) {
    const known = snapshot.knownObstacleOf(pod);
    if (known !== undefined) {
      objection ??= { pod, ...known };
      continue;
    }
    const workload = controllerOf(pod)?.uid ?? "";
    if (done.has(workload)) continue;
    if (decisions++ >= MOST_DECISIONS || dryRuns >= MOST_DRY_RUNS) {
      waitUntil = Math.min(waitUntil, snapshot.now.getTime() + NEXT_PLAN);
      break;
    }
    const { guard, isSettled, isReady, distinctAt } = workloads.of(workload);
    if (distinctAt > snapshot.now.getTime()) waitUntil = Math.min(waitUntil, distinctAt);
    const faultRetryAt = snapshot.faultRetryAt?.get(guard?.pod ?? "");
    const { faultRetryAt: _, ...common } = snapshot;
    const facts: EvictionFacts = {
      ...common,
      ...(faultRetryAt === undefined ? {} : { faultRetryAt }),
      unavailable,
      guardsFull: guard === undefined && guards.length + evictions.length >= MOST_GUARDS,
      workloadSettled: isSettled,
      workloadReady: isReady,
      ...(guard === undefined ? {} : { guard }),
    };
    let decision = mayEvict(pod, facts);
    // The dry run is the most expensive check, so it runs last, except for the Pod whose obstacle is reported.
    if (decision.evict || objection === undefined) {
      dryRuns++;
      const obstacle = snapshot.obstacleOf(pod);
      if (obstacle) decision = mayEvict(pod, { ...facts, replacementObstacle: obstacle });
    }
    if (decision.evict) {
      evictions.push(pod);
      done.add(workload);
      if (isRunningAndReady(pod)) unavailable++;
      continue;
    }
    const { reason, message, scope, retryAt = Infinity } = decision;
    objection ??= { pod, reason, message };
    waitUntil = Math.min(waitUntil, retryAt);
    if (scope === "All") break;
    if (scope === "Workload") done.add(workload);
    else obstacles.set(pod, { reason, message });
  }
  return {
    evictions,
    guards,
    obstacles,
    ...(objection === undefined ? {} : { objection }),
    ...(waitUntil === Infinity ? {} : { waitUntil }),
  };
}

/** The guards with those of Pods that are about to be evicted. */
export function withEvictions(
  guards: readonly EvictionGuard[],
  evictions: readonly Pod[],
  { podsOf, generation, now, faultRetryAt }: Pick<
    EvictionSnapshot,
    "podsOf" | "generation" | "now" | "faultRetryAt"
  >,
): readonly EvictionGuard[] {
  if (evictions.length === 0) return guards;
  const byWorkload = new Map(guards.map((guard) => [guard.workload, guard]));
  for (const pod of evictions) {
    const workload = controllerOf(pod)?.uid ?? "";
    const note = {
      workload,
      pod: pod.metadata.uid ?? "",
      lastEviction: rfc3339(now),
      newestPod: newest([pod, ...podsOf(workload)]),
      observedGeneration: generation,
    };
    const guard = byWorkload.get(workload);
    const again = faultRetryAt?.has(guard?.pod ?? "") ?? false;
    byWorkload.set(workload, afterEviction(guard, note, { again }));
  }
  return [...byWorkload.values()];
}

/** Pods that are not ready cost no availability, and may be what keeps the others from being evicted. */
function notReadyFirst(pods: Iterable<Pod>): readonly Pod[] {
  const { ready = [], others = [] } = Object.groupBy(
    pods,
    (pod) => isRunningAndReady(pod) ? "ready" : "others",
  );
  return [...others, ...ready];
}

/** Times of one form compare as texts. */
function newest(pods: readonly Pod[]): string {
  return pods.map(({ metadata }) => metadata.creationTimestamp ?? "")
    .reduce((a, b) => a > b ? a : b);
}
