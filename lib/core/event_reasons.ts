import type { ConditionReason, TerminationReason } from "./condition_reasons.ts";
import type { Reason } from "./reasons.ts";

/**
 * Reasons of events that are no reasons of anything else. One sentence each, in the present tense, without a full stop; `NotUpgradablePods`,
 * `ResetContainerSucceed`, `ResetContainerFailed` and `SidecarTerminator` are OpenKruise's.
 */
export const EVENT_REASONS = {
  // For a SidecarSet
  RolloutStarted: "outdated Pods begin to be updated",
  RolloutCompleted: "every matched Pod has the current revision again",
  NotUpgradablePods: "Pods cannot be upgraded in place, with their number",
  CleanupStarted: "Pods have sidecars that are no longer needed",
  CleanupCompleted: "no Pod has a sidecar any more that is no longer needed",
  PodEvicted: "a Pod was evicted so that its workload recreates it",
  EvictionRefused: "the API server refuses to evict a Pod",
  // For a Pod
  SidecarUpdateFailed: "the API server refuses to change the Pod's sidecars",
  ResetContainerSucceed: "the old half of each hot-upgrade pair is empty again",
  ResetContainerFailed: "the API server refuses to empty the old half of a hot-upgrade pair",
  SidecarTerminator: "the sidecars on a virtual node got the images that end",
  TerminationImageMissing:
    "a sidecar on a virtual node cannot be ended, as it names no image for that",
} as const;

/** Every reason that an event can have. */
export type EventReason = keyof typeof EVENT_REASONS | Reason | ConditionReason | TerminationReason;
