import type { ConditionReason, TerminationReason } from "./condition_reasons.ts";
import type { Reason } from "./reasons.ts";

/**
 * Reasons that only events have. One sentence each, in the present tense, without a full stop. `NotUpgradablePods`,
 * `ResetContainerSucceed`, `ResetContainerFailed` and `SidecarTerminator` are OpenKruise's.
 */
export const EVENT_REASONS = {
  // For a SidecarSet
  RolloutStarted: "the update of outdated Pods has started",
  RolloutCompleted: "every matched Pod has the current revision",
  NotUpgradablePods: "Pods cannot be upgraded in place; the message has their number",
  CleanupStarted: "the clean-up of sidecars that are no longer needed has started",
  CleanupCompleted: "no Pod has sidecars that are no longer needed",
  PodEvicted: "a Pod was evicted so that its workload recreates it",
  EvictionRefused: "the API server refuses to evict a Pod",
  // For a Pod
  SidecarUpdateFailed: "the API server refuses to update the Pod's sidecars",
  ResetContainerSucceed: "the old container of each hot-upgrade pair has the empty image again",
  ResetContainerFailed: "the API server refuses to reset the old container of a hot-upgrade pair",
  SidecarTerminator: "the sidecars on a virtual node got the images that terminate them",
  TerminationImageMissing:
    "a sidecar on a virtual node cannot be terminated, as it names no image that exits",
} as const;

/** Every reason that an event can have. */
export type EventReason = keyof typeof EVENT_REASONS | Reason | ConditionReason | TerminationReason;
