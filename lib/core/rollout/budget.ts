import type { IntOrPercent } from "../../api/strategies.ts";
import { forEachInSteps, type Steps } from "../steps.ts";

/**
 * Number of matched Pods that stay at the old revision. Percentages round up, but less than 100% of several Pods
 * never keeps all of them.
 * Source: `pkg/controller/sidecarset/sidecarset_strategy.go:NewSpreadingStrategy` and
 * `util.CalculatePartitionReplicas`.
 */
export function partitionSize(partition: IntOrPercent | undefined, matchedPods: number): number {
  if (partition === undefined) return 0;
  if (typeof partition === "number") return Math.min(partition, matchedPods);
  const kept = share(partition, matchedPods);
  if (matchedPods > 1 && kept === matchedPods && partition !== "100%") return matchedPods - 1;
  return Math.min(kept, matchedPods);
}

/** Maximum number of unavailable Pods; percentages of the matched Pods round up, 1 when absent. */
export function unavailableLimit(
  maxUnavailable: IntOrPercent | undefined,
  matchedPods: number,
): number {
  if (maxUnavailable === undefined) return 1;
  return typeof maxUnavailable === "number" ? maxUnavailable : share(maxUnavailable, matchedPods);
}

/**
 * The Pods to update, and how many the partition keeps. Outdated Pods that cannot be updated count towards the
 * partition (B-15).
 */
export function withoutPartition<T>(
  candidates: readonly T[],
  numbers: { readonly partition: number; readonly stayOldAnyway: number },
): { readonly taken: readonly T[]; readonly kept: number } {
  const kept = Math.min(
    candidates.length,
    Math.max(0, numbers.partition - numbers.stayOldAnyway),
  );
  return { taken: kept === 0 ? candidates : candidates.slice(0, candidates.length - kept), kept };
}

function share(percent: string, total: number): number {
  return Math.ceil(Number(percent.slice(0, -1)) * total / 100);
}

/** Result of the walk over the ordered candidates. */
interface BudgetWalk<U> {
  readonly updates: readonly U[];
  /** Number of candidates that the budget does not allow. */
  readonly heldBack: number;
}

/** Limit of unavailable Pods, and how many there are. */
interface Budget<T, U> {
  /** Maximum number of unavailable Pods. */
  readonly limit: number;
  /** Number of unavailable Pods at present, outdated ones included (B-17). */
  unavailable(): number;
  /** Maximum number of updates. */
  readonly room?: number;
  isAvailable(candidate: T): boolean;
  /** Creates the update; undefined if this candidate cannot be updated, which costs nothing. */
  update(candidate: T): U | undefined;
}

/**
 * Updates candidates in order while the budget lasts. Unavailable Pods are updated regardless of the budget and of
 * Pods before them that must wait: a new image may fix them (B-16).
 * A Pod is compared with the numbers at that time, so that one that fails between two steps uses the budget.
 * Source: `pkg/controller/sidecarset/sidecarset_strategy.go:GetNextUpgradePods`.
 */
export function* walkBudget<T, U>(
  candidates: Iterable<T>,
  budget: Budget<T, U>,
): Steps<BudgetWalk<U>> {
  const updates: U[] = [];
  let taken = 0;
  let heldBack = 0;
  yield* forEachInSteps(candidates, (candidate) => {
    if (updates.length >= (budget.room ?? Infinity)) return;
    const available = budget.isAvailable(candidate);
    if (available && budget.unavailable() + taken >= budget.limit) {
      heldBack++;
      return;
    }
    const update = budget.update(candidate);
    if (update === undefined) return;
    updates.push(update);
    if (available) taken++;
  });
  return { updates, heldBack };
}
