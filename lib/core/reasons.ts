import { TERMINATED_CONDITION, UPGRADABLE_CONDITION } from "../api/names.ts";

/**
 * Reasons why something did not happen. The same constant is the reason of conditions and events, the label of
 * metrics, and the reason in CLI output. One sentence each, in the present tense, without a full stop: it completes
 * "because ...".
 */
export const REASONS = {
  // A SidecarSet is not injected into any Pod.
  InvalidSidecarSet: "the SidecarSet does not pass validation",
  InjectionPaused: "spec.injectionStrategy.paused is true",
  CanaryTakesOver: "a canary of this SidecarSet also selects the Pod",
  RevisionNotFound: "the pinned revision does not exist or belongs to another SidecarSet",
  ScopeTooLarge: "its selectors exceed the size limit of the webhook registration",
  // A SidecarSet is injected by the webhook, although its mechanism is Policy.
  PolicyUnavailable: "the API server does not apply MutatingAdmissionPolicies",
  PolicyUnsupported: "its injection depends on the Pod, or a policy cannot express it",
  PolicyOrderConflict:
    "another SidecarSet that can select the same Pods would be injected in another order",
  PolicyTooLarge: "the MutatingAdmissionPolicy has no room for the SidecarSet",
  // A SidecarSet is not injected into one Pod.
  NotSelected: "the labels of the Pod or of its namespace do not match",
  NamespaceExcluded: "the namespace is excluded from injection",
  MirrorPod: "the Pod is the mirror Pod of a static Pod",
  PodNotActive: "the Pod has terminated or is being deleted",
  ContainerNameConflict: "the Pod has its own container with the name of a sidecar",
  SidecarNameConflict: "another SidecarSet injects a container with the same name",
  VolumeConflict: "the injected Pod would have a volume or mount that the API server refuses",
  PortConflict: "the injected Pod would have host ports that the API server refuses",
  PodSpecConflict: "a sidecar has a field that the API server refuses in this Pod",
  PodSecurityViolation: "the sidecar violates the Pod Security level that the namespace enforces",
  NoTargetContainer: "no container of the Pod matches the target of a resources policy",
  ExpressionFailed: "an expression of a resources policy cannot be evaluated for the Pod",
  AnnotationNotJson: "an annotation to merge or read is not valid JSON",
  EnvConflict: "a variable of the Pod's container cannot be changed as a patch of it asks",
  LabelConflict: "a label to set would remove the Pod from the selection of another SidecarSet",
  AnnotationsTooLarge: "the Pod's annotations would exceed the API server's size limit",
  NotReviewed: "no ready webhook reviewed the Pod when it was created, and no policy injected it",
  CreatedTogether:
    "the Pod was created within seconds of the SidecarSet or its selection, before the webhook registration covered it",
  // A workload has no Pod that could be injected.
  PodRefused:
    "the API server refuses a workload's Pods because of the sidecar; missedPods does not " +
    "count them, as they do not exist",
  // A Pod is not evicted.
  RunsToCompletion: "the Pod's restartPolicy is not Always",
  NotRecreated: "the Pod has no controller that is known to recreate its Pods",
  WorkloadLeftAlone: "a replacement in the same workload did not reach the desired state either",
  WebhookNotReady: "the webhook cannot inject the replacement yet",
  OldRevisionPinned: "new Pods do not get the current revision",
  WorkloadNotReady: "another Pod of the same workload is not ready",
  EvictionBackoff: "a Pod of the same workload was evicted recently",
  BudgetUsed: "the number of unavailable Pods has reached spec.updateStrategy.maxUnavailable",
  // A clean-up does not go on.
  RecordUnreadable: "the clean-up record cannot be read",
  // Any of the above.
  Overwritten: "another client keeps reverting what the controller writes",
  NotSynced: "the controller's caches are not synced yet",
  InternalError: "the controller failed",
} as const;

export type Reason = keyof typeof REASONS;

/** Whether a text is a reason of {@linkcode REASONS}. */
export function isReason(text: string): text is Reason {
  return Object.hasOwn(REASONS, text);
}

/** Why one SidecarSet does not apply to one Pod, before `failurePolicy` decides what follows. */
export interface Obstacle {
  readonly reason: Reason;
  /** One sentence that names the field and the remedy. */
  readonly message: string;
  /** The name, port or field at fault, for a short form of the message. */
  readonly subject?: string;
}

/** An obstacle whose reason says everything. */
export function because(reason: Reason): Obstacle {
  return { reason, message: REASONS[reason] };
}

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
    "False while a SidecarSet of the Pod cannot be upgraded in place, True after that; absent from other Pods. The " +
    "message is JSON with the result per SidecarSet.",
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
  PolicySettling: "the API server may still use another version of the injection policy",
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
  PodResizeInProgress: "the kubelet has not applied the new resources of the remaining Pods yet",
  PodResizePending: "the kubelet cannot apply the new resources of the remaining Pods now",
  NotUpgradable: "the remaining Pods cannot be upgraded in place",
  UpdateRefused: "the API server refuses to update the remaining Pods",
  ProgressDeadlineExceeded:
    "the roll-out has not progressed for spec.updateStrategy.progressDeadlineSeconds",
  // PodsMissed
  PodsMissed: "selected Pods were created without their sidecars",
  NoPodsMissed: "every Pod created since effectiveSince has its sidecars",
} as const;

export type ConditionReason = keyof typeof CONDITION_REASONS;

/** Whether a text is a reason of {@linkcode CONDITION_REASONS}. */
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

/** An event about a SidecarSet. */
export interface SidecarSetEvent {
  readonly type: "Normal" | "Warning";
  readonly reason: EventReason;
  readonly note: string;
}
