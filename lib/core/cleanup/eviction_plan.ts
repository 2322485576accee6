import { rfc3339 } from "../../api/meta.ts";
import type { ObservedPod } from "../observed_pod.ts";
import type { Reason } from "../reasons.ts";
import { isRunningAndReady } from "../status/readiness.ts";
import { controllerOf, type EvictionFacts, mayEvict } from "./eviction.ts";
import { afterEviction, type EvictionGuard, expiresAt, settleGuards } from "./eviction_guards.ts";
import { settledAt, Workloads } from "./eviction_workloads.ts";
import type { ReplacementObstacle } from "./replacement.ts";

/** Input for planning a SidecarSet's next evictions. */
export interface EvictionSnapshot extends
  Pick<
    EvictionFacts,
    "recreatingKinds" | "webhookReady" | "unavailable" | "maxUnavailable" | "now"
  > {
  /** Pods to evict, in order among the ready ones and among the others. */
  readonly candidates: Iterable<ObservedPod>;
  /** Whether a Pod is up to date. */
  isUpToDate(pod: ObservedPod): boolean;
  /** All Pods of a workload. */
  podsOf(workload: string): readonly ObservedPod[];
  /** A Pod's obstacle by earlier plans; undefined if unknown. */
  knownObstacleOf(pod: ObservedPod): ReplacementObstacle | undefined;
  /** Result of the injection's dry run for a Pod's replacement, as far as the observed Pod shows it. */
  observedObstacleOf(pod: ObservedPod): ReplacementObstacle | undefined;
  readonly guards: readonly EvictionGuard[];
  /** By UID of the evicted Pod: time at which an eviction that failed in the API server may be repeated. */
  readonly faultRetryAt?: ReadonlyMap<string, number>;
  /** Generation of the SidecarSet. */
  readonly generation: number;
}

/** Pods to evict now, and what blocks the others. */
export interface EvictionPlan {
  /** The guard of each must be stored before its eviction. */
  readonly evictions: readonly ObservedPod[];
  /** Guards without these evictions; the same reference if nothing changes. */
  readonly guards: readonly EvictionGuard[];
  /** Obstacles found in Pods, for the next plans. */
  readonly obstacles: ReadonlyMap<ObservedPod, ReplacementObstacle>;
  /** Why the first Pod that is not evicted is not. */
  readonly objection?: {
    readonly pod: ObservedPod;
    readonly reason: Reason;
    readonly message: string;
  };
  /** Time in milliseconds of the next plan, even without a change. */
  readonly waitUntil?: number;
}

/**
 * Maximum number of workloads with pending replacements: guards are stored in the status, which must stay small.
 */
const MAX_GUARDS = 100;
/** Limits of one plan, which delays admissions; the rest is planned next. */
const MAX_DECISIONS = 2_000;
const MAX_DRY_RUNS = 200;
/** Delay of the next plan in milliseconds. */
const NEXT_PLAN_MS = 250;

/** Plans evictions by the eviction rule, at most one per workload. */
export function planEvictions(snapshot: EvictionSnapshot): EvictionPlan {
  const guards = settleGuards(snapshot);
  const workloads = new Workloads(snapshot, guards);
  const evictions: ObservedPod[] = [];
  const obstacles = new Map<ObservedPod, ReplacementObstacle>();
  const done = new Set<string>();
  const { pending, underWay } = workloads;
  let unavailable = snapshot.unavailable + pending.length + underWay.length;
  let [decisions, dryRuns] = [0, 0];
  let objection: EvictionPlan["objection"];
  let waitUntil = Math.min(...pending.map(expiresAt), ...underWay.map(settledAt));
  for (const pod of notReadyFirst(snapshot.candidates)) {
    const known = snapshot.knownObstacleOf(pod);
    if (known !== undefined) {
      objection ??= { pod, ...known };
      continue;
    }
    const workload = controllerOf(pod)?.uid ?? "";
    if (done.has(workload)) continue;
    if (decisions++ >= MAX_DECISIONS || dryRuns >= MAX_DRY_RUNS) {
      waitUntil = Math.min(waitUntil, snapshot.now.getTime() + NEXT_PLAN_MS);
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
      guardsFull: guard === undefined && guards.length + evictions.length >= MAX_GUARDS,
      workloadSettled: isSettled,
      workloadReady: isReady,
      ...(guard === undefined ? {} : { guard }),
    };
    let decision = mayEvict(pod, facts);
    // The dry run is the most expensive check, so it runs last, except for the Pod whose obstacle is reported.
    if (decision.evict || objection === undefined) {
      dryRuns++;
      const obstacle = snapshot.observedObstacleOf(pod);
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

/** The guards, including those of the planned evictions. */
export function withEvictions(
  guards: readonly EvictionGuard[],
  evictions: readonly ObservedPod[],
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

/** Pods that are not ready come first: they cost no availability, and can block the others. */
function notReadyFirst(pods: Iterable<ObservedPod>): readonly ObservedPod[] {
  const { ready = [], others = [] } = Object.groupBy(
    pods,
    (pod) => isRunningAndReady(pod) ? "ready" : "others",
  );
  return [...others, ...ready];
}

/** RFC 3339 times in UTC sort as strings. */
function newest(pods: readonly ObservedPod[]): string {
  return pods.map(({ metadata }) => metadata.creationTimestamp ?? "")
    .reduce((a, b) => a > b ? a : b);
}
