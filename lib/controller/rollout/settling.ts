import type { ObservedPod } from "../../core/observed_pod.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import { updatedAndReadySince } from "../../core/rollout/availability.ts";
import type { Steps } from "../../core/steps.ts";
import { type PodIndex, podKey } from "../../index/pods.ts";
import type { Rollout } from "./state.ts";

/**
 * Collects the Pods that may not have been ready for `minReadySeconds`, before a plan that asks for them; again where
 * that number has changed.
 */
export function* collectSettling(
  pods: PodIndex,
  { rollout, prepared }: { rollout: Rollout; prepared: PreparedSidecarSet },
): Steps<void> {
  const members = pods.trackedOf(prepared.name);
  const minReadySeconds = minReadySecondsOf(prepared);
  if (rollout.minReadySeconds !== minReadySeconds) members?.restartSettling();
  rollout.minReadySeconds = minReadySeconds;
  if (minReadySeconds > 0) yield* members?.collectSettling() ?? [];
}

/** The Pods that are still settling. Drops those that have settled, so that each is checked once per change. */
export function settlingPods(
  pods: PodIndex,
  facts: { prepared: PreparedSidecarSet; now: Date },
): Iterable<ObservedPod> {
  return { [Symbol.iterator]: () => stillSettling(pods, facts) };
}

function* stillSettling(
  pods: PodIndex,
  { prepared, now }: { prepared: PreparedSidecarSet; now: Date },
): Generator<ObservedPod, void> {
  const { name } = prepared;
  const members = pods.trackedOf(name);
  if (members === undefined) return;
  const classes = pods.classesOf(name);
  const facts = { prepared, classOf: (pod: ObservedPod) => classes.get(podKey(pod)) ?? 0 };
  const settledBefore = now.getTime() - minReadySecondsOf(prepared) * 1_000;
  for (const key of members.settling) {
    const pod = pods.get(key);
    if (pod && updatedAndReadySince(pod, facts) > settledBefore) yield pod;
    else members.settled(key);
  }
}

function minReadySecondsOf({ sidecarSet: { spec } }: PreparedSidecarSet): number {
  return spec.updateStrategy?.minReadySeconds ?? 0;
}
