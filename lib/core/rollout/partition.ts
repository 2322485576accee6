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
