import type { ConditionReason } from "../condition_reasons.ts";

/** How many outdated Pods a plan leaves, and for what. */
export interface PlanNumbers {
  readonly outdated: number;
  /** Changed by this plan or an earlier one. */
  readonly underWay: number;
  readonly heldBack: number;
  readonly refused: number;
  readonly kept: number;
  readonly notUpgradable: number;
  /** Updated Pods with images that somebody has changed. */
  readonly drifted: number;
}

/** The one reason that explains a roll-out best: movement before obstacles, passing obstacles before lasting ones. */
export function planReason(numbers: PlanNumbers): ConditionReason {
  if (numbers.underWay > 0) return "RollingOut";
  if (numbers.heldBack > 0) return "WaitingForAvailability";
  if (numbers.refused > 0) return "UpdateRefused";
  if (numbers.outdated === 0) return numbers.drifted > 0 ? "ImagesDrifted" : "UpToDate";
  if (numbers.kept > 0) return "PartitionReached";
  return numbers.notUpgradable > 0 ? "NotUpgradable" : "SelectorReached";
}
