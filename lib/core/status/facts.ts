import type { FieldProblem } from "../../api/field_problem.ts";
import type { EvictionGuard } from "../../api/sidecarset_status.ts";
import type { ConditionReason } from "../condition_reasons.ts";
import type { Reason } from "../reasons.ts";
import type { PodCounts } from "./counts.ts";
import type { EffectiveSelection } from "./effective_since.ts";

/** Everything that a SidecarSet's status is made from, as values. */
export interface StatusFacts {
  /** The generation that was counted; never a newer one (B-12). */
  readonly generation: number;
  readonly counts: PodCounts;
  readonly latestRevision: string;
  readonly collisionCount: number;
  /** Empty while no selection is effective. */
  readonly effective: EffectiveSelection;
  readonly problems: readonly FieldProblem[];
  readonly injectionPaused: boolean;
  /** Why new Pods cannot get the revision that they are to get; absent where they can. */
  readonly revisionObstacle?: { readonly reason: Reason; readonly message: string };
  readonly registration: RegistrationFacts;
  readonly rollout: RolloutFacts;
  /** The commonest reason why Pods were missed, with one of them; absent where it is not known. */
  readonly missed?: { readonly reason: Reason; readonly example: string };
  /** Workloads that are refused Pods because of the sidecar; absent where there are none. */
  readonly refused?: RefusalSummary;
  /** What is remembered of evictions; kept by reference while it stays. */
  readonly evictions: readonly EvictionGuard[];
  readonly now: Date;
}

/** What is known of the webhook registration of this generation. */
export interface RegistrationFacts {
  /** Since when a registration that covers this generation has been in force; RFC 3339. */
  readonly inForceSince?: string;
  /** When the registration was created, whatever it covered then; RFC 3339. */
  readonly registeredSince?: string;
  /** Why there can be none. */
  readonly obstacle?: { readonly reason: Reason; readonly message: string };
}

export interface RolloutFacts {
  /** As the plan says. */
  readonly reason: ConditionReason | "InvalidSidecarSet";
  /** Names what holds the roll-out back, for example one Pod; absent where the numbers say it. */
  readonly detail?: string;
  /** When the numbers last changed for the better, or the controller came up; RFC 3339. */
  readonly lastProgress: string;
  readonly progressDeadlineSeconds: number;
}

/** Workloads whose Pods the API server refuses because of a SidecarSet. */
export interface RefusalSummary {
  readonly workloads: number;
  /** One of them: `ReplicaSet default/web`. */
  readonly example: string;
  /** Why, in the API server's words. */
  readonly text: string;
}

/** The summary as one sentence, without a full stop. */
export function refusalSentence({ workloads, example, text }: RefusalSummary): string {
  const lack = workloads === 1 ? "workload lacks" : "workloads lack";
  return `${workloads} ${lack} Pods, which the API server refuses because of the sidecar, for example ${example}: ${text}`;
}
