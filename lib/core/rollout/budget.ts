/** Result of the walk over the ordered candidates. */
export interface BudgetWalk<U> {
  readonly updates: readonly U[];
  /** Number of candidates that the budget does not allow. */
  readonly heldBack: number;
}

export interface Budget<T, U> {
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
