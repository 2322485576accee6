import type { ConditionReason } from "../condition_reasons.ts";

/** Numbers of outdated Pods after a plan, by cause. */
export interface PlanNumbers {
  readonly outdated: number;
  /** Updated by this plan or an earlier one. */
  readonly underWay: number;
  readonly heldBack: number;
  readonly refused: number;
  readonly kept: number;
  readonly notUpgradable: number;
  /** Updated Pods with images that another client changed. */
  readonly drifted: number;
}

/** The reason for a roll-out's state: progress before blockers, temporary blockers before permanent ones. */
export function planReason(numbers: PlanNumbers): ConditionReason {
  if (numbers.underWay > 0) return "RollingOut";
  if (numbers.heldBack > 0) return "WaitingForAvailability";
  if (numbers.refused > 0) return "UpdateRefused";
  if (numbers.outdated === 0) return numbers.drifted > 0 ? "ImagesDrifted" : "UpToDate";
  if (numbers.kept > 0) return "PartitionReached";
  return numbers.notUpgradable > 0 ? "NotUpgradable" : "SelectorReached";
}
