import type { PodCondition } from "../../api/pod.ts";
import type { ObservedPod } from "../observed_pod.ts";
import type { ConditionReason, Reason } from "../reasons.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import type { PodClass, PodCounts } from "../status/pod_class.ts";
import type { Steps } from "../steps.ts";
import type { PodUpdate } from "./pod_update.ts";

/** Input of a roll-out plan. Its cost is proportional to the outdated Pods, unless a strategy needs all. */
export interface RolloutSnapshot {
  readonly prepared: PreparedSidecarSet;
  readonly counts: PodCounts;
  /** Matched Pods that are not updated, in a stable order. */
  readonly outdated: readonly ObservedPod[];
  /** Matched Pods with a real image in both halves of a hot-upgrade pair. */
  readonly halfUpgraded: readonly ObservedPod[];
  /** Updated Pods with images that another client changed. */
  readonly drifted: readonly ObservedPod[];
  /** All matched Pods; read only for `scatterStrategy`. */
  readonly matched: Iterable<ObservedPod>;
  /** A superset of the updated and ready Pods that have not been ready for `minReadySeconds`. */
  readonly settling: Iterable<ObservedPod>;
  /** Class of a matched Pod; known, so that a plan need not read the annotations of all Pods. */
  classOf(pod: ObservedPod): PodClass;
  readonly now: Date;
  /** UIDs of Pods whose update has not been observed yet. */
  readonly pending: ReadonlySet<string>;
  /** UIDs among them whose update may be sent again; they use the budget already. */
  readonly resend?: ReadonlySet<string>;
  /** Maximum number of updates; the plan keeps the rest for when writes finish. Unlimited when absent. */
  readonly room?: number;
  /** By UID of Pods with a failed write: time in milliseconds of the next try. */
  readonly retryAt: ReadonlyMap<string, number>;
  /** Whether a SidecarSet of this name exists. */
  exists(sidecarSetName: string): boolean;
}

/** A Pod that is not updated, and the reason. */
export interface LeftPod {
  readonly pod: ObservedPod;
  readonly reason: ConditionReason | Reason;
  readonly message: string;
  /** The Pod's `SidecarSetUpgradable` condition, if it changes. */
  readonly condition?: PodCondition;
}

/**
 * Updates for which a plan had no room, in its order. Each is compared with the budget when it is taken; valid while
 * the matched Pods and the outdated ones are those of the plan, apart from its own updates.
 */
export interface FurtherUpdates {
  /** Whether none is left. */
  readonly isDone: boolean;
  /** Takes the next ones. */
  take(room: number): Steps<readonly PodUpdate[]>;
}

/** The next step of a roll-out, and what blocks the rest. */
export interface RolloutPlan {
  /** Upgrades and repairs, in the order of sending. */
  readonly updates: readonly PodUpdate[];
  /** Absent if there was room for all, or only another plan knows which Pods are available. */
  readonly further?: FurtherUpdates;
  /** Second steps of hot upgrades; they need no budget. */
  readonly flips: readonly PodUpdate[];
  /** Pods that cannot be upgraded in place; only a replacement has the current revision. */
  readonly notUpgradable: readonly LeftPod[];
  /** Pods with the current revision whose new resources the kubelet has not applied. */
  readonly resizing: readonly LeftPod[];
  /** Pods whose update cannot be computed. */
  readonly refused: readonly LeftPod[];
  /** Reason of the condition `Progressing`. */
  readonly reason: ConditionReason | "InvalidSidecarSet";
  /** Time in milliseconds of the next plan, even without a change. */
  readonly waitUntil?: number;
}
