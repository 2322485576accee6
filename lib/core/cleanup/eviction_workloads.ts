import type { ObservedPod } from "../observed_pod.ts";
import { isActive, isRunningAndReady } from "../status/readiness.ts";
import { STEP_ITEMS, type Steps } from "../steps.ts";
import { type EvictionGuard, isReplacement } from "./eviction_guards.ts";

/** Maximum delay of a watch behind an eviction. */
const SETTLE_MS = 5_000;

/** State of a Pod's workload for an eviction. */
interface WorkloadState {
  readonly guard: EvictionGuard | undefined;
  /** Whether no replacement is pending or was just created. */
  readonly isSettled: boolean;
  /** Whether all its Pods are ready as well. */
  readonly isReady: boolean;
  /**
   * Time in milliseconds from which a new Pod's creation time, in whole seconds, differs from those of all the
   * workload's Pods, so that a replacement can be recognized.
   */
  readonly distinctAt: number;
}

/** What the states of workloads are computed from. */
interface WorkloadFacts {
  podsOf(workload: string): Iterable<ObservedPod>;
  readonly now: Date;
}

/** Reads the workloads of the guards; those of candidates follow when they are asked for. */
export function* workloadsOf(
  facts: WorkloadFacts,
  guards: readonly EvictionGuard[],
): Steps<Workloads> {
  const pending: EvictionGuard[] = [];
  const underWay: EvictionGuard[] = [];
  for (const guard of guards) {
    const pods = [...facts.podsOf(guard.workload)];
    if (isPending(guard, pods)) pending.push(guard);
    if (settledAt(guard) > facts.now.getTime() && isStillReady(guard, pods)) underWay.push(guard);
    yield;
  }
  return new Workloads(facts, { guards, pending, underWay });
}

interface GuardStates {
  readonly guards: readonly EvictionGuard[];
  readonly pending: readonly EvictionGuard[];
  readonly underWay: readonly EvictionGuard[];
}

/** Workloads of one plan; caches the check of each workload's Pods. */
export class Workloads {
  /** Guards of workloads whose replacement does not exist yet; it counts as unavailable. */
  readonly pending: readonly EvictionGuard[];
  /** Guards of workloads with a just evicted Pod that still looks available, as the watch may be late. */
  readonly underWay: readonly EvictionGuard[];
  readonly #facts: WorkloadFacts;
  readonly #guards: ReadonlyMap<string, EvictionGuard>;
  readonly #states = new Map<string, WorkloadState>();

  constructor(facts: WorkloadFacts, { guards, pending, underWay }: GuardStates) {
    this.#facts = facts;
    this.#guards = new Map(guards.map((guard) => [guard.workload, guard]));
    this.pending = pending;
    this.underWay = underWay;
  }

  *of(workload: string): Steps<WorkloadState> {
    const known = this.#states.get(workload);
    if (known) return known;
    const guard = this.#guards.get(workload);
    let latest = -Infinity;
    let areReady = true;
    let read = 0;
    for (const pod of this.#facts.podsOf(workload)) {
      if (++read % STEP_ITEMS === 0) yield;
      const created = Date.parse(pod.metadata.creationTimestamp ?? "");
      if (created > latest) latest = created;
      areReady &&= isReadyOrEnded(pod);
    }
    const distinctAt = latest + 1_000;
    const isSettled = distinctAt <= this.#facts.now.getTime() &&
      !(guard && this.pending.includes(guard));
    const state = { guard, isSettled, isReady: isSettled && areReady, distinctAt };
    this.#states.set(workload, state);
    return state;
  }
}

/** Time in milliseconds by which the result of an eviction is observed. */
export function settledAt(guard: EvictionGuard): number {
  return Date.parse(guard.lastEviction) + SETTLE_MS;
}

function isStillReady(guard: EvictionGuard, pods: readonly ObservedPod[]): boolean {
  return pods.some((pod) =>
    pod.metadata.uid === guard.pod && isActive(pod) && isRunningAndReady(pod)
  );
}

function isPending(guard: EvictionGuard, pods: readonly ObservedPod[]): boolean {
  return !guard.leftAlone &&
    pods.every((pod) =>
      !isActive(pod) || (pod.metadata.uid !== guard.pod && !isReplacement(pod, guard))
    );
}

/** Terminated Pods do not count; Pods under deletion do. */
function isReadyOrEnded(pod: ObservedPod): boolean {
  const phase = pod.status?.phase;
  return phase === "Succeeded" || phase === "Failed" || isRunningAndReady(pod);
}
