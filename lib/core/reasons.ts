/**
 * Why something did not happen. The same constant is the reason of a condition and an event, the label of a metric and the CLI's word.
 * One sentence each, in the present tense, without a full stop: it completes "because ...".
 */
export const REASONS = {
  // A SidecarSet is not injected into any Pod.
  InvalidSidecarSet: "the SidecarSet does not pass validation",
  InjectionPaused: "spec.injectionStrategy.paused is true",
  CanaryTakesOver: "a canary of this SidecarSet selects the Pod too",
  RevisionNotFound: "the pinned revision does not exist or belongs to another SidecarSet",
  ScopeTooLarge: "its selectors do not fit into the webhook registration",
  // A SidecarSet is not injected into one Pod.
  NotSelected: "the labels of the Pod or of its namespace do not match",
  NamespaceExcluded: "the namespace is excluded from injection",
  MirrorPod: "the Pod is a mirror of a static Pod",
  PodNotActive: "the Pod has ended or is being deleted",
  ContainerNameConflict: "the Pod has a container of a sidecar's name that was not injected",
  SidecarNameConflict: "another SidecarSet brings a container of the same name to the Pod",
  VolumeConflict: "the result would have a volume or mount that the API server refuses",
  PortConflict: "the result would have host ports that the API server refuses",
  PodSpecConflict: "a sidecar has a field that the API server refuses in such a Pod",
  PodSecurityViolation: "the namespace enforces a Pod Security level that the sidecar violates",
  NoTargetContainer: "no container of the Pod matches the target of a resources policy",
  ExpressionFailed: "an expression of a resources policy cannot be evaluated for the Pod",
  AnnotationNotJson: "an annotation that must be merged or read is not JSON",
  AnnotationsTooLarge: "the Pod would have more in annotations than the API server takes",
  NotReviewed: "no webhook that was ready was asked when the Pod was created",
  CreatedTogether:
    "the Pod was created within seconds of the SidecarSet or its selection, before the webhook covered it",
  // A workload has no Pod that could be injected.
  PodRefused:
    "the API server refuses a workload's Pods because of the sidecar; missedPods counts none of them, as they do not exist",
  // A Pod is not evicted.
  RunsToCompletion: "the Pod's restartPolicy is not Always",
  NotRecreated: "no controller that is known to recreate its Pods owns the Pod",
  WorkloadLeftAlone: "a replacement in the same workload was not as wanted either",
  WebhookNotReady: "the webhook could not inject the replacement yet",
  OldRevisionPinned: "new Pods get another revision than the current one",
  WorkloadNotReady: "another Pod of the same workload is not ready",
  EvictionBackoff: "a Pod of the same workload has been evicted recently",
  BudgetUsed: "as many Pods are unavailable as spec.updateStrategy.maxUnavailable allows",
  // A clean-up does not go on.
  RecordUnreadable: "the record of the clean-up cannot be read",
  // Anything.
  Overwritten: "somebody else keeps changing back what the controller writes",
  NotSynced: "the controller has not read the cluster's objects yet",
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
