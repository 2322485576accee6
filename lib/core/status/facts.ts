import type { FieldProblem } from "../../api/problems.ts";
import type { EvictionGuard } from "../../api/sidecarset_status.ts";
import type { ConditionReason, Reason } from "../reasons.ts";
import type { PodCounts } from "./pod_class.ts";
import type { EffectiveSelection } from "./effective_since.ts";

/** Input for a SidecarSet's status. */
export interface StatusFacts {
  /** The counted generation; never a newer one (B-12). */
  readonly generation: number;
  readonly counts: PodCounts;
  readonly latestRevision: string;
  readonly collisionCount: number;
  /** Empty while no selection is effective. */
  readonly effective: EffectiveSelection;
  readonly problems: readonly FieldProblem[];
  readonly injectionPaused: boolean;
  /** Why new Pods cannot get the pinned revision; absent if they can. */
  readonly revisionObstacle?: { readonly reason: Reason; readonly message: string };
  readonly registration: RegistrationFacts;
  readonly rollout: RolloutFacts;
  /** Most common reason of missed Pods, and an example; absent if unknown. */
  readonly missed?: { readonly reason: Reason; readonly example: string };
  /** Workloads whose Pods are refused because of the sidecars; absent if there are none. */
  readonly refused?: RefusalSummary;
  /** Records of evictions; the same reference while unchanged. */
  readonly evictions: readonly EvictionGuard[];
  readonly now: Date;
}

/** State of the webhook registration, or of the injection policy, for this generation. */
export interface RegistrationFacts {
  /** Time in RFC 3339 since which the registration or policy for this generation has been active. */
  readonly inForceSince?: string;
  /** Creation time of the registration in RFC 3339, for any generation. */
  readonly registeredSince?: string;
  /** Whether this process has not compared the registration or the policy with what is needed yet. */
  readonly isUnknown?: boolean;
  /** Whether an API server may still inject another generation by the policy, or none. */
  readonly isPolicySettling?: boolean;
  /** Why the webhook injects a SidecarSet with `mechanism: Policy`. */
  readonly fallback?: { readonly reason: Reason; readonly message: string };
  /** Why it cannot be registered. */
  readonly obstacle?: { readonly reason: Reason; readonly message: string };
}

/** What conditions say about a roll-out. */
interface RolloutFacts {
  /** Reason from the plan. */
  readonly reason: ConditionReason | "InvalidSidecarSet";
  /** What blocks the roll-out, for example a Pod; absent if the counts suffice. */
  readonly detail?: string;
  /** Time in RFC 3339 of the last progress, or of the controller's start. */
  readonly lastProgress: string;
  readonly progressDeadlineSeconds: number;
}

/** Workloads whose Pods the API server refuses because of a SidecarSet. */
export interface RefusalSummary {
  readonly workloads: number;
  /** An example: `ReplicaSet default/web`. */
  readonly example: string;
  /** The API server's message. */
  readonly text: string;
}

/** The summary as one sentence, without a full stop. */
export function refusalSentence({ workloads, example, text }: RefusalSummary): string {
  const lack = workloads === 1 ? "workload lacks" : "workloads lack";
  return `${workloads} ${lack} Pods, which the API server refuses because of the sidecar, for ` +
    `example ${example}: ${text}`;
}
