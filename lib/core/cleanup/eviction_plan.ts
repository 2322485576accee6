import { rfc3339 } from "../../api/meta.ts";
import { compareByName, firstByName, type ObservedPod } from "../observed_pod.ts";
import type { Reason } from "../reasons.ts";
import { isRunningAndReady } from "../status/readiness.ts";
import { controllerOf, type EvictionDecision, type EvictionFacts, mayEvict } from "./eviction.ts";
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
  const candidates = [...snapshot.candidates];
  const example = firstByName(candidates);
  const decide = (pod: ObservedPod): EvictionDecision => {
    decisions++;
    const { guard, isSettled, isReady, distinctAt } = workloads.of(workloadOf(pod));
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
    const obstacle = snapshot.observedObstacleOf(pod);
    return obstacle ? mayEvict(pod, { ...facts, replacementObstacle: obstacle }) : decision;
  };
  const object = (pod: ObservedPod, { reason, message }: ReplacementObstacle) => {
    if (objection && (objection.pod === example || compareByName(objection.pod, pod) <= 0)) return;
    objection = { pod, reason, message };
  };
  for (const pod of notReadyFirst(candidates, example)) {
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
    const decision = decide(pod);
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
    const decision = snapshot.knownObstacleOf(example) ?? decide(example);
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
function notReadyFirst(
  pods: readonly ObservedPod[],
  example: ObservedPod | undefined,
): readonly ObservedPod[] {
  const { ready = [], others = [] } = Object.groupBy(
    pods,
    (pod) => isRunningAndReady(pod) ? "ready" : "others",
  );
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
