import type { ObservedPod } from "../observed_pod.ts";
import { readUpdatedImages } from "../annotations/updated_images.ts";
import { hasTrait, PodTrait } from "../status/pod_class.ts";
import { readyCondition } from "../status/readiness.ts";
import { recordOf } from "../status/record.ts";
import { forEachInSteps, type Steps } from "../steps.ts";
import type { RolloutSnapshot } from "./contract.ts";

/** Number of unavailable Pods, and when the next one becomes available without a change. */
interface Availability {
  /** By the counts as they are when it is called. */
  unavailable(): number;
  /** Milliseconds; absent if no Pod only waits for `minReadySeconds`. */
  readonly nextAt?: number;
}

/**
 * Number of unavailable Pods: not ready, updated and possibly unready since, or ready for less than
 * `minReadySeconds` after an update.
 */
export function* availability(snapshot: RolloutSnapshot): Steps<Availability> {
  const { prepared, pending } = snapshot;
  const minReady = (prepared.sidecarSet.spec.updateStrategy?.minReadySeconds ?? 0) * 1000;
  const unready = () => snapshot.counts.matchedPods - snapshot.counts.readyPods;
  // A Pod that becomes ready during the steps is not among the others, so it counts as unready until the next plan.
  const atStart = minReady > 0 ? unready() : 0;
  /** Ready by the counts. */
  let others = 0;
  let nextAt = Infinity;
  if (minReady > 0) {
    yield* forEachInSteps(changedAndReady(snapshot), (since) => {
      const availableAt = since + minReady;
      if (!(availableAt > snapshot.now.getTime())) return;
      others++;
      nextAt = Math.min(nextAt, availableAt);
    });
  }
  if (pending.size > 0) {
    yield* forEachInSteps([...snapshot.outdated, ...snapshot.drifted], (pod) => {
      if (pending.has(pod.metadata.uid ?? "") && isReady(pod, snapshot)) others++;
    });
  }
  const unavailable = () => Math.max(atStart, unready()) + others;
  return nextAt === Infinity ? { unavailable } : { unavailable, nextAt };
}

/** Since when each Pod is ready, after an update to the current revision or to its images. */
function* changedAndReady(snapshot: RolloutSnapshot): Iterable<number> {
  const { prepared: { name, sidecarSet } } = snapshot;
  for (const pod of snapshot.settling) yield updatedAndReadySince(pod, snapshot);
  if (sidecarSet.spec.updateStrategy?.partialUpdatePolicy !== "Images") return;
  for (const pod of snapshot.outdated) {
    const updated = readUpdatedImages(pod).get(name);
    if (updated === undefined || !isReady(pod, snapshot)) continue;
    yield laterTime(updated.updateTimestamp, readyCondition(pod)?.lastTransitionTime);
  }
}

function laterTime(...texts: readonly (string | null | undefined)[]): number {
  const times = texts.map((text) => Date.parse(text ?? ""));
  return Math.max(...times.map((time) => Number.isNaN(time) ? 0 : time));
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
  const updated = recordOf(pod, prepared.name).full?.updateTimestamp;
  return laterTime(updated, readyCondition(pod)?.lastTransitionTime);
}
