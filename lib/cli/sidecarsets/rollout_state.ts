import type { SidecarSet } from "../../api/sidecarset.ts";
import type { Condition, SidecarSetStatus } from "../../api/sidecarset_status.ts";

/** State of a roll-out for a user who waits for it. */
interface RolloutState {
  /** Done: finished in the desired state. Blocked: no progress without a user's action. */
  readonly state: "Done" | "Moving" | "Blocked";
  /** Reason of the condition Progressing, or `NotObserved`. */
  readonly reason: string;
  readonly message: string;
}

/** Reads the state of a roll-out from a stored SidecarSet. */
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

/** State of the roll-out, with a suffix for paused injection. */
export function stateWord(sidecarSet: SidecarSet): string {
  const { reason } = rolloutStateOf(sidecarSet);
  const isPaused = sidecarSet.spec.injectionStrategy?.paused === true;
  return isPaused ? `${reason},InjectionPaused` : reason;
}

/** A SidecarSet's condition of this type; undefined if it has none. */
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
