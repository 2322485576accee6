import type { SidecarSet } from "../../api/sidecarset.ts";
import type { Condition, SidecarSetStatus } from "../../api/sidecarset_status.ts";

/** How far a roll-out is, as somebody who waits for it wants to know it. */
export interface RolloutState {
  /** Done: nothing more will happen by itself, as wanted. Blocked: nothing more will happen, and that is not as wanted. */
  readonly state: "Done" | "Moving" | "Blocked";
  /** The reason of the condition Progressing, or what the controller has not done yet. */
  readonly reason: string;
  readonly message: string;
}

/** Reads a roll-out's state from a SidecarSet as it is stored. */
export function rolloutStateOf({ metadata, spec, status = {} }: SidecarSet): RolloutState {
  const progressing = conditionOf(status, "Progressing");
  if (progressing === undefined || status.observedGeneration !== metadata.generation) {
    return {
      state: "Moving",
      reason: "NotObserved",
      message: `the controller has not observed generation ${metadata.generation ?? 0} yet`,
    };
  }
  const { reason, message } = progressing;
  const evicts = spec.updateStrategy?.recreatePolicy === "Evict";
  return { state: stateFor(reason, { status, evicts }), reason, message };
}

export function conditionOf(
  { conditions = [] }: SidecarSetStatus,
  type: "Ready" | "Progressing" | "PodsMissed",
): Condition | undefined {
  return conditions.find((condition) => condition.type === type);
}

function stateFor(
  reason: string,
  { status, evicts }: { status: SidecarSetStatus; evicts: boolean },
): RolloutState["state"] {
  const { matchedPods = 0, updatedPods = 0, updatedReadyPods = 0 } = status;
  switch (reason) {
    case "UpToDate":
      return updatedReadyPods < matchedPods ? "Moving" : "Done";
    case "PartitionReached":
    case "SelectorReached":
    case "ImagesDrifted":
      return "Done";
    case "Paused":
    case "NotUpdate":
      return updatedPods < matchedPods ? "Blocked" : "Done";
    case "NotUpgradable":
      return evicts ? "Moving" : "Blocked";
    case "InvalidSidecarSet":
    case "UpdateRefused":
    case "ProgressDeadlineExceeded":
      return "Blocked";
    default:
      return "Moving";
  }
}
