import type { ObservedPod } from "../observed_pod.ts";
import { hasTrait, PodTrait } from "../status/pod_class.ts";
import { readyCondition } from "../status/readiness.ts";
import { recordOf } from "../status/record.ts";
import type { RolloutSnapshot } from "./contract.ts";

/** Number of unavailable Pods, and when the next one becomes available without a change. */
export interface Availability {
  readonly unavailable: number;
  /** Milliseconds; absent if no Pod only waits for `minReadySeconds`. */
  readonly nextAt?: number;
}

/**
 * Number of unavailable Pods: not ready, updated and possibly unready since, or ready for less than
 * `minReadySeconds` after an update.
 */
export function availability(snapshot: RolloutSnapshot): Availability {
  const { counts, prepared, pending } = snapshot;
  let unavailable = counts.matchedPods - counts.readyPods;
  for (const pod of [...snapshot.outdated, ...snapshot.drifted]) {
    if (pending.has(pod.metadata.uid ?? "") && isReady(pod, snapshot)) unavailable++;
  }
  const minReady = (prepared.sidecarSet.spec.updateStrategy?.minReadySeconds ?? 0) * 1000;
  if (minReady === 0) return { unavailable };
  let nextAt = Infinity;
  for (const pod of snapshot.settling) {
    const availableAt = updatedAndReadySince(pod, snapshot) + minReady;
    if (!(availableAt > snapshot.now.getTime())) continue;
    unavailable++;
    nextAt = Math.min(nextAt, availableAt);
  }
  return nextAt === Infinity ? { unavailable } : { unavailable, nextAt };
}

/** Whether a matched Pod is ready as the status counts it; updating it costs budget. */
export function isReady(pod: ObservedPod, snapshot: Pick<RolloutSnapshot, "classOf">): boolean {
  return hasTrait(snapshot.classOf(pod), PodTrait.Ready);
}

/** Time in milliseconds since which a matched Pod has been updated and ready; NaN if it is not. */
export function updatedAndReadySince(
  pod: ObservedPod,
  { prepared, classOf }: Pick<RolloutSnapshot, "prepared" | "classOf">,
): number {
  const podClass = classOf(pod);
  if (!hasTrait(podClass, PodTrait.Updated) || !hasTrait(podClass, PodTrait.Ready)) return NaN;
  const updated = Date.parse(recordOf(pod, prepared.name).full?.updateTimestamp ?? "");
  const ready = Date.parse(readyCondition(pod)?.lastTransitionTime ?? "");
  return Math.max(Number.isNaN(updated) ? 0 : updated, Number.isNaN(ready) ? 0 : ready);
}
