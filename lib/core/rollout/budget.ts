import type { IntOrPercent } from "../../api/strategies.ts";
import { STEP_ITEMS, type Steps } from "../steps.ts";

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

/** What a walk asks for each candidate, so that it decides by the numbers of that time. */
interface Budget<T, U> {
  /** Maximum number of unavailable Pods. */
  limit(): number;
  /** Number of unavailable Pods at present, outdated ones included (B-17). */
  unavailable(): number;
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
export class BudgetWalk<T, U> {
  readonly #candidates: readonly T[];
  readonly #budget: Budget<T, U>;
  #next = 0;
  #updated = 0;
  #heldBack = 0;

  constructor(candidates: readonly T[], budget: Budget<T, U>) {
    this.#candidates = candidates;
    this.#budget = budget;
  }

  /** Number of candidates that were not reached. */
  get left(): number {
    return this.#candidates.length - this.#next;
  }

  /** Whether every candidate was reached. */
  get isDone(): boolean {
    return this.left === 0;
  }

  /** Number of candidates so far that the budget does not allow. */
  get heldBack(): number {
    return this.#heldBack;
  }

  /**
   * Goes on where it stopped. An update of an earlier portion uses the budget until the end of the walk, also if its
   * Pod was unavailable: the Pod may have become ready before the update takes it down.
   *
   * @param room the maximum number of updates
   * @param reserved budget for updates that are not of this walk
   */
  *take(room = Infinity, reserved = 0): Steps<U[]> {
    const { limit, unavailable, isAvailable, update } = this.#budget;
    const updates: U[] = [];
    let used = this.#updated + reserved;
    for (let visited = 0; !this.isDone && updates.length < room; visited++) {
      if (visited % STEP_ITEMS === STEP_ITEMS - 1) yield;
      const candidate = this.#candidates[this.#next++] as T;
      const available = isAvailable(candidate);
      if (available && unavailable() + used >= limit()) {
        this.#heldBack++;
        continue;
      }
      const made = update(candidate);
      if (made === undefined) continue;
      updates.push(made);
      if (available) used++;
    }
    this.#updated += updates.length;
    return updates;
  }
}
