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
  AnnotationsTooLarge: "the Pod's annotations would exceed the API server's size limit",
  NotReviewed: "no ready webhook reviewed the Pod when it was created",
  CreatedTogether:
    "the Pod was created within seconds of the SidecarSet or its selection, before the webhook registration covered it",
  // A workload has no Pod that could be injected.
  PodRefused:
    "the API server refuses a workload's Pods because of the sidecar; missedPods does not count them, as they do not exist",
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
