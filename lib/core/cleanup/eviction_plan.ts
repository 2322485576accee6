import { rfc3339 } from "../../api/meta.ts";
import { compareByName, type ObservedPod } from "../observed_pod.ts";
import type { Obstacle, Reason } from "../reasons.ts";
import { isRunningAndReady } from "../status/readiness.ts";
import { forEachInSteps, STEP_ITEMS, type Steps } from "../steps.ts";
import { controllerOf, type EvictionDecision, type EvictionFacts, mayEvict } from "./eviction.ts";
import { afterEviction, type EvictionGuard, expiresAt, settleGuards } from "./eviction_guards.ts";
import { settledAt, type Workloads, workloadsOf } from "./eviction_workloads.ts";

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
  const { candidates, example } = yield* collected(snapshot.candidates);
  const planning = new Planning(snapshot, { guards, workloads, example });
  const ordered = yield* notReadyFirst(candidates, example);
  for (const [i, pod] of ordered.entries()) {
    if (i % STEP_ITEMS === STEP_ITEMS - 1) yield;
    const mayGoOn = yield* planning.visit(pod);
    if (!mayGoOn) break;
  }
  yield* planning.explainExample();
  return planning.result();
}

interface PlanningFacts {
  readonly guards: readonly EvictionGuard[];
  readonly workloads: Workloads;
  /** The Pod whose obstacle is reported. */
  readonly example: ObservedPod | undefined;
}

/** A plan under way. */
class Planning {
  readonly #snapshot: EvictionSnapshot;
  readonly #facts: PlanningFacts;
  readonly #evictions: ObservedPod[] = [];
  readonly #obstacles = new Map<ObservedPod, Obstacle>();
  /** Workloads of which no other Pod may be evicted. */
  readonly #done = new Set<string>();
  #unavailable: number;
  #decisions = 0;
  #dryRuns = 0;
  #objection: EvictionPlan["objection"];
  #waitUntil: number;

  constructor(snapshot: EvictionSnapshot, facts: PlanningFacts) {
    this.#snapshot = snapshot;
    this.#facts = facts;
    const { pending, underWay } = facts.workloads;
    this.#unavailable = snapshot.unavailable + pending.length + underWay.length;
    this.#waitUntil = Math.min(...pending.map(expiresAt), ...underWay.map(settledAt));
  }

  /**
   * Decides about a Pod.
   *
   * @returns whether this plan decides about further ones
   */
  *visit(pod: ObservedPod): Steps<boolean> {
    const known = this.#snapshot.knownObstacleOf(pod);
    if (known !== undefined) {
      this.#object(pod, known);
      return true;
    }
    const workload = workloadOf(pod);
    if (this.#done.has(workload)) return true;
    if (this.#decisions >= MAX_DECISIONS || this.#dryRuns >= MAX_DRY_RUNS) {
      this.#wait(this.#snapshot.now.getTime() + NEXT_PLAN_MS);
      return false;
    }
    const decision = yield* this.#decide(pod);
    if (decision.evict) {
      this.#evictions.push(pod);
      this.#done.add(workload);
      if (isRunningAndReady(pod)) this.#unavailable++;
      return true;
    }
    const { reason, message, scope, retryAt = Infinity } = decision;
    this.#object(pod, { reason, message });
    this.#wait(retryAt);
    if (scope === "Workload") this.#done.add(workload);
    if (scope === "Pod") this.#obstacles.set(pod, { reason, message });
    return scope !== "All";
  }

  /** Finds the obstacle of the example where the plan ended before its turn. */
  *explainExample(): Steps<void> {
    const { example } = this.#facts;
    if (example === undefined || this.#objection?.pod === example) return;
    if (this.#evictions.includes(example)) return;
    const decision = this.#snapshot.knownObstacleOf(example) ?? (yield* this.#decide(example));
    if ("reason" in decision) this.#object(example, decision);
  }

  result(): EvictionPlan {
    return {
      evictions: this.#evictions,
      guards: this.#facts.guards,
      obstacles: this.#obstacles,
      ...(this.#objection === undefined ? {} : { objection: this.#objection }),
      ...(this.#waitUntil === Infinity ? {} : { waitUntil: this.#waitUntil }),
    };
  }

  *#decide(pod: ObservedPod): Steps<EvictionDecision> {
    this.#decisions++;
    const { guards, workloads, example } = this.#facts;
    const { guard, isSettled, isReady, distinctAt } = yield* workloads.of(workloadOf(pod));
    const { faultRetryAt: retryTimes, ...snapshot } = this.#snapshot;
    if (distinctAt > snapshot.now.getTime()) this.#wait(distinctAt);
    const faultRetryAt = retryTimes?.get(guard?.pod ?? "");
    const facts: EvictionFacts = {
      ...snapshot,
      ...(faultRetryAt === undefined ? {} : { faultRetryAt }),
      unavailable: this.#unavailable,
      guardsFull: guard === undefined && guards.length + this.#evictions.length >= MAX_GUARDS,
      workloadSettled: isSettled,
      workloadReady: isReady,
      ...(guard === undefined ? {} : { guard }),
    };
    const decision = mayEvict(pod, facts);
    // The dry run is the most expensive check, so it runs last, except for the Pod whose obstacle is reported.
    if (!decision.evict && pod !== example) return decision;
    this.#dryRuns++;
    if (this.#dryRuns % DRY_RUNS_PER_STEP === 0) yield;
    const obstacle = this.#snapshot.observedObstacleOf(pod);
    return obstacle ? mayEvict(pod, { ...facts, replacementObstacle: obstacle }) : decision;
  }

  /** Keeps the objection of the example, else that of the first Pod by name. */
  #object(pod: ObservedPod, { reason, message }: Obstacle): void {
    const { pod: known } = this.#objection ?? {};
    if (known && (known === this.#facts.example || compareByName(known, pod) <= 0)) return;
    this.#objection = { pod, reason, message };
  }

  #wait(until: number): void {
    this.#waitUntil = Math.min(this.#waitUntil, until);
  }
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
