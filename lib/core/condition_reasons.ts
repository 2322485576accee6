import { TERMINATED_CONDITION, UPGRADABLE_CONDITION } from "../api/names.ts";

/** What a SidecarSet's conditions say when they are True. One sentence each. */
export const CONDITIONS = {
  Ready: "New Pods get exactly this generation.",
  Progressing:
    "The roll-out goes on or is complete, as in a Deployment; Unknown while it is paused or not wanted.",
  PodsMissed:
    "Pods run without the sidecars that they should have got, or are refused by the API server because of them.",
} as const;

/** What the conditions say that the controller writes to Pods. */
export const POD_CONDITIONS = {
  [UPGRADABLE_CONDITION]:
    "Every SidecarSet of the Pod can be upgraded in place; the message says it of each, as JSON.",
  [TERMINATED_CONDITION]: "The Pod was completed although sidecars were still running.",
} as const;

/**
 * Reasons of a SidecarSet's conditions that are no reasons for leaving a Pod out. One sentence each, in the present
 * tense, without a full stop: it completes "because ...".
 */
export const CONDITION_REASONS = {
  // Ready
  InForce: "new Pods get this generation",
  NotRegistered: "no webhook registration covers this generation yet",
  RegistrationSettling: "the webhook registration has been in force for a few seconds only",
  // Progressing
  UpToDate: "every matched Pod has the current revision",
  ImagesDrifted: "somebody has changed images of injected containers",
  RollingOut: "outdated Pods are being updated",
  Paused: "spec.updateStrategy.paused is true",
  NotUpdate: "spec.updateStrategy.type is NotUpdate",
  PartitionReached: "spec.updateStrategy.partition keeps the remaining Pods at the old revision",
  SelectorReached: "spec.updateStrategy.selector does not match the remaining Pods",
  WaitingForAvailability:
    "as many Pods are unavailable as spec.updateStrategy.maxUnavailable allows",
  NotUpgradable: "the remaining Pods cannot be changed in place",
  UpdateRefused: "the API server refuses to change the remaining Pods",
  ProgressDeadlineExceeded:
    "there has been no progress for spec.updateStrategy.progressDeadlineSeconds",
  // PodsMissed
  PodsMissed: "Pods were created without the sidecars that they should have got",
  NoPodsMissed: "every Pod that was created since effectiveSince has got its sidecars",
} as const;

export type ConditionReason = keyof typeof CONDITION_REASONS;

export function isConditionReason(reason: string): reason is ConditionReason {
  return Object.hasOwn(CONDITION_REASONS, reason);
}

/** Why the sidecars of a Pod were ended: the reason of its condition `SidecarTerminated`. */
export const TERMINATION_REASONS = {
  MainContainersSucceeded: "all main containers have ended with exit code 0",
  MainContainersFailed:
    "all main containers have ended, at least one with another exit code than 0",
} as const;

export type TerminationReason = keyof typeof TERMINATION_REASONS;
