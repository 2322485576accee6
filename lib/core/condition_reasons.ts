import { TERMINATED_CONDITION, UPGRADABLE_CONDITION } from "../api/names.ts";

/** Meaning of a SidecarSet's conditions when they are True. One sentence each. */
export const CONDITIONS = {
  Ready: "New Pods get exactly this generation.",
  Progressing:
    "The roll-out is in progress or complete, as in a Deployment; Unknown while it is paused or of type NotUpdate.",
  PodsMissed:
    "Pods run without their sidecars, or the API server refuses Pods because of the sidecars.",
} as const;

/** Meaning of the conditions that the controller writes to Pods. */
export const POD_CONDITIONS = {
  [UPGRADABLE_CONDITION]:
    "Every SidecarSet of the Pod can be upgraded in place; the message is JSON with the result per SidecarSet.",
  [TERMINATED_CONDITION]: "The Pod was completed while sidecars were still running.",
} as const;

/**
 * Reasons that occur only in a SidecarSet's conditions. Each text is one clause in the present tense without a full
 * stop: it completes "because ...".
 */
export const CONDITION_REASONS = {
  // Ready
  InForce: "new Pods get this generation",
  NotRegistered: "no webhook registration covers this generation yet",
  RegistrationSettling: "the webhook registration has been active for only a few seconds",
  // Progressing
  UpToDate: "every matched Pod has the current revision",
  ImagesDrifted: "another client has changed images of injected containers",
  RollingOut: "outdated Pods are being updated",
  Paused: "spec.updateStrategy.paused is true",
  NotUpdate: "spec.updateStrategy.type is NotUpdate",
  PartitionReached: "spec.updateStrategy.partition keeps the remaining Pods at an older revision",
  SelectorReached: "spec.updateStrategy.selector does not match the remaining Pods",
  WaitingForAvailability:
    "the number of unavailable Pods has reached spec.updateStrategy.maxUnavailable",
  NotUpgradable: "the remaining Pods cannot be upgraded in place",
  UpdateRefused: "the API server refuses to update the remaining Pods",
  ProgressDeadlineExceeded:
    "the roll-out has not progressed for spec.updateStrategy.progressDeadlineSeconds",
  // PodsMissed
  PodsMissed: "selected Pods were created without their sidecars",
  NoPodsMissed: "every Pod created since effectiveSince has its sidecars",
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
