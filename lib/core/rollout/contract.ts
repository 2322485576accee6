import type { Pod, PodCondition } from "../../api/pod.ts";
import type { ConditionReason } from "../condition_reasons.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import type { Reason } from "../reasons.ts";
import type { PodCounts } from "../status/counts.ts";
import type { PodClass } from "../status/pod_class.ts";
import type { PodUpdate } from "./pod_update.ts";

/** What a roll-out depends on, as values. The cost of a plan follows the outdated Pods, unless a strategy needs all. */
export interface RolloutSnapshot {
  readonly prepared: PreparedSidecarSet;
  readonly counts: PodCounts;
  /** Matched Pods that are not updated, in an order that does not change by itself. */
  readonly outdated: readonly Pod[];
  /** Matched Pods of which both halves of a hot-upgrade pair run a real image. */
  readonly halfUpgraded: readonly Pod[];
  /** Updated Pods with images that somebody has changed since they were stored. */
  readonly drifted: readonly Pod[];
  /** All matched Pods; read only for `scatterStrategy`. */
  readonly matched: Iterable<Pod>;
  /** At least all Pods that are updated and ready and have not been so for `minReadySeconds` yet; read only for that. */
  readonly settling: Iterable<Pod>;
  /** What a matched Pod is to the SidecarSet; known already, so that a plan need not read the annotations of all Pods. */
  classOf(pod: Pod): PodClass;
  readonly now: Date;
  /** uids of Pods that have been written to, the result of which has not been seen yet. */
  readonly pending: ReadonlySet<string>;
  /** Of those, the ones to which the write may be sent again; they go on using the budget, but cost no more of it. */
  readonly resend?: ReadonlySet<string>;
  /** How many updates may be made now; what exceeds it is planned anew once there is room. Unlimited when absent. */
  readonly room?: number;
  /** For Pods of which a write has failed: by uid, the time in milliseconds before which not to try again. */
  readonly retryAt: ReadonlyMap<string, number>;
  /** Whether a SidecarSet of this name exists. */
  exists(sidecarSetName: string): boolean;
}

/** A Pod that is left as it is, and why. */
export interface LeftPod {
  readonly pod: Pod;
  readonly reason: ConditionReason | Reason;
  readonly message: string;
  /** The Pod's `SidecarSetUpgradable` condition, where it has to change. */
  readonly condition?: PodCondition;
}

/** What to do now, and what keeps the rest from being done. */
export interface RolloutPlan {
  /** Upgrades and repairs, in the order in which to send them. */
  readonly updates: readonly PodUpdate[];
  /** Second steps of hot upgrades; they need no budget. */
  readonly flips: readonly PodUpdate[];
  /** Outdated for good: only new Pods can have the current revision. */
  readonly notUpgradable: readonly LeftPod[];
  /** Pods for which no update can be made. */
  readonly refused: readonly LeftPod[];
  /** Why the roll-out is where it is: the reason of the condition `Progressing`. */
  readonly reason: ConditionReason | "InvalidSidecarSet";
  /** Milliseconds; when to plan again although nothing has changed. */
  readonly waitUntil?: number;
}
