import type { IntOrPercent } from "../../api/strategies.ts";

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
  /** Number of unavailable Pods, outdated ones included (B-17). */
  readonly unavailable: number;
  /** Maximum number of updates. */
  readonly room?: number;
  isAvailable(candidate: T): boolean;
  /** Creates the update; undefined if this candidate cannot be updated, which costs nothing. */
  update(candidate: T): U | undefined;
}

/**
 * Updates candidates in order while the budget lasts. Unavailable Pods are updated regardless of the budget and of
 * Pods before them that must wait: a new image may fix them (B-16).
 * Source: `pkg/controller/sidecarset/sidecarset_strategy.go:GetNextUpgradePods`.
 */
export function walkBudget<T, U>(candidates: readonly T[], budget: Budget<T, U>): BudgetWalk<U> {
  const updates: U[] = [];
  let { unavailable } = budget;
  let heldBack = 0;
  for (const candidate of candidates) {
    if (updates.length >= (budget.room ?? Infinity)) break;
    const available = budget.isAvailable(candidate);
    if (available && unavailable >= budget.limit) {
      heldBack++;
      continue;
    }
    const update = budget.update(candidate);
    if (update === undefined) continue;
    updates.push(update);
    if (available) unavailable++;
  }
  return { updates, heldBack };
}
