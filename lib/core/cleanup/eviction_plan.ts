import { rfc3339 } from "../../api/meta.ts";
import { compareByName, type ObservedPod } from "../observed_pod.ts";
import type { Obstacle, Reason } from "../reasons.ts";
import { isRunningAndReady } from "../status/readiness.ts";
import { forEachInSteps, STEP_ITEMS, type Steps } from "../steps.ts";
import { controllerOf, type EvictionDecision, type EvictionFacts, mayEvict } from "./eviction.ts";
import { afterEviction, type EvictionGuard, expiresAt, settleGuards } from "./eviction_guards.ts";
import { settledAt, workloadsOf } from "./eviction_workloads.ts";

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
  podsOf(workload: string): Iterable<ObservedPod>;
  /** A Pod's obstacle by earlier plans; undefined if unknown. */
  knownObstacleOf(pod: ObservedPod): Obstacle | undefined;
  /** Result of the injection's dry run for a Pod's replacement, as far as the observed Pod shows it. */
  observedObstacleOf(pod: ObservedPod): Obstacle | undefined;
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
  readonly obstacles: ReadonlyMap<ObservedPod, Obstacle>;
  /** Why a Pod that is not evicted stays: the first one by namespace and name. */
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
/** Limits of one plan, so that its evictions start soon; the rest is planned next. */
const MAX_DECISIONS = 2_000;
const MAX_DRY_RUNS = 200;
/** A dry run is much more expensive than another decision. */
const DRY_RUNS_PER_STEP = 5;
/** Delay of the next plan in milliseconds. */
const NEXT_PLAN_MS = 250;

/**
 * Plans evictions by the eviction rule, at most one per workload. A Pod that changes between two steps is confirmed
 * before its eviction.
 */
export function* planEvictions(snapshot: EvictionSnapshot): Steps<EvictionPlan> {
  const guards = yield* settleGuards(snapshot);
  const workloads = yield* workloadsOf(snapshot, guards);
  const evictions: ObservedPod[] = [];
  const obstacles = new Map<ObservedPod, Obstacle>();
  const done = new Set<string>();
  const { pending, underWay } = workloads;
  let unavailable = snapshot.unavailable + pending.length + underWay.length;
  let [decisions, dryRuns] = [0, 0];
  let objection: EvictionPlan["objection"];
  let waitUntil = Math.min(...pending.map(expiresAt), ...underWay.map(settledAt));
  const { candidates, example } = yield* collected(snapshot.candidates);
  const decide = function* (pod: ObservedPod): Steps<EvictionDecision> {
    decisions++;
    const { guard, isSettled, isReady, distinctAt } = yield* workloads.of(workloadOf(pod));
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
    const decision = mayEvict(pod, facts);
    // The dry run is the most expensive check, so it runs last, except for the Pod whose obstacle is reported.
    if (!decision.evict && pod !== example) return decision;
    dryRuns++;
    if (dryRuns % DRY_RUNS_PER_STEP === 0) yield;
    const obstacle = snapshot.observedObstacleOf(pod);
    return obstacle ? mayEvict(pod, { ...facts, replacementObstacle: obstacle }) : decision;
  };
  const object = (pod: ObservedPod, { reason, message }: Obstacle) => {
    if (objection && (objection.pod === example || compareByName(objection.pod, pod) <= 0)) return;
    objection = { pod, reason, message };
  };
  const ordered = yield* notReadyFirst(candidates, example);
  for (const [i, pod] of ordered.entries()) {
    if (i % STEP_ITEMS === STEP_ITEMS - 1) yield;
    const known = snapshot.knownObstacleOf(pod);
    if (known !== undefined) {
      object(pod, known);
      continue;
    }
    const workload = workloadOf(pod);
    if (done.has(workload)) continue;
    if (decisions >= MAX_DECISIONS || dryRuns >= MAX_DRY_RUNS) {
      waitUntil = Math.min(waitUntil, snapshot.now.getTime() + NEXT_PLAN_MS);
      break;
    }
    const decision = yield* decide(pod);
    if (decision.evict) {
      evictions.push(pod);
      done.add(workload);
      if (isRunningAndReady(pod)) unavailable++;
      continue;
    }
    object(pod, decision);
    waitUntil = Math.min(waitUntil, decision.retryAt ?? Infinity);
    if (decision.scope === "All") break;
    if (decision.scope === "Workload") done.add(workload);
    else obstacles.set(pod, { reason: decision.reason, message: decision.message });
  }
  if (example !== undefined && objection?.pod !== example && !evictions.includes(example)) {
    const decision = snapshot.knownObstacleOf(example) ?? (yield* decide(example));
    if ("reason" in decision) object(example, decision);
  }
  return {
    evictions,
    guards,
    obstacles,
    ...(objection === undefined ? {} : { objection }),
    ...(waitUntil === Infinity ? {} : { waitUntil }),
  };
}

/** The candidates, and the first of them by name. */
function* collected(
  pods: Iterable<ObservedPod>,
): Steps<{ readonly candidates: readonly ObservedPod[]; readonly example?: ObservedPod }> {
  const candidates: ObservedPod[] = [];
  let example: ObservedPod | undefined;
  yield* forEachInSteps(pods, (pod) => {
    candidates.push(pod);
    if (example === undefined || compareByName(pod, example) < 0) example = pod;
  });
  return { candidates, ...(example ? { example } : {}) };
}

/** The guards, including those of the planned evictions. */
export function* withEvictions(
  guards: readonly EvictionGuard[],
  evictions: readonly ObservedPod[],
  { podsOf, generation, now, faultRetryAt }: Pick<
    EvictionSnapshot,
    "podsOf" | "generation" | "now" | "faultRetryAt"
  >,
): Steps<readonly EvictionGuard[]> {
  if (evictions.length === 0) return guards;
  const byWorkload = new Map(guards.map((guard) => [guard.workload, guard]));
  for (const pod of evictions) {
    yield;
    const workload = workloadOf(pod);
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

/**
 * Pods that are not ready come first: they cost no availability, and can block the others. The example, which is the
 * first Pod by name, comes first among those like it.
 */
function* notReadyFirst(
  pods: readonly ObservedPod[],
  example: ObservedPod | undefined,
): Steps<readonly ObservedPod[]> {
  const ready: ObservedPod[] = [];
  const others: ObservedPod[] = [];
  yield* forEachInSteps(pods, (pod) => {
    const group = isRunningAndReady(pod) ? ready : others;
    group.push(pod);
  });
  for (const alike of [ready, others]) {
    const index = example === undefined ? -1 : alike.indexOf(example);
    if (example !== undefined && index > 0) {
      alike.splice(index, 1);
      alike.unshift(example);
    }
  }
  return [...others, ...ready];
}

function workloadOf(pod: ObservedPod): string {
  return controllerOf(pod)?.uid ?? "";
}

/** RFC 3339 times in UTC sort as strings. */
function newest(pods: readonly ObservedPod[]): string {
  return pods.map(({ metadata }) => metadata.creationTimestamp ?? "")
    .reduce((a, b) => a > b ? a : b);
}
