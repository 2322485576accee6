/** What the walk over the ordered candidates comes to. */
export interface BudgetWalk<U> {
  readonly updates: readonly U[];
  /** Candidates passed over because the budget is used up. */
  readonly heldBack: number;
}

export interface Budget<T, U> {
  /** Number of Pods that may be unavailable. */
  readonly limit: number;
  /** Number of Pods that are unavailable already, outdated ones included (B-17). */
  readonly unavailable: number;
  /** Number of updates to make at most. */
  readonly room?: number;
  isAvailable(candidate: T): boolean;
  /** Makes the update; undefined where that is impossible for this candidate, which then costs nothing. */
  update(candidate: T): U | undefined;
}

/**
 * Takes candidates in order while the budget lasts. An unavailable Pod costs nothing: it is down already, and a new
 * image may be what mends it; it is taken even when it stands behind a Pod that must wait (B-16).
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
