import type { Condition, SidecarSetStatus } from "../../api/sidecarset_status.ts";
import type { SidecarSetEvent } from "../reasons.ts";
import { UNDER_WAY } from "./conditions.ts";

/** Reasons of an unfinished roll-out. */
const UNFINISHED: ReadonlySet<string> = new Set([...UNDER_WAY, "ProgressDeadlineExceeded"]);

/** Blockers of a roll-out; each is reported with its own reason. */
const BLOCKED: readonly Pick<SidecarSetEvent, "type" | "reason">[] = [
  { type: "Normal", reason: "WaitingForAvailability" },
  { type: "Normal", reason: "PodResizeInProgress" },
  { type: "Warning", reason: "PodResizePending" },
  { type: "Normal", reason: "PartitionReached" },
  { type: "Normal", reason: "SelectorReached" },
  { type: "Warning", reason: "NotUpgradable" },
  { type: "Warning", reason: "UpdateRefused" },
  { type: "Warning", reason: "ImagesDrifted" },
  { type: "Warning", reason: "InvalidSidecarSet" },
  { type: "Warning", reason: "ProgressDeadlineExceeded" },
];

/**
 * The events for a change of a roll-out's status: start, completion, and each new blocker. Compared with the stored
 * status, so each event is published once, across restarts. `NotUpgradablePods` is OpenKruise's
 * (`pkg/controller/sidecarset/sidecarset_processor.go:UpdateSidecarSet`).
 */
export function rolloutEvents(
  previous: SidecarSetStatus | undefined,
  next: SidecarSetStatus,
): SidecarSetEvent[] {
  const before = progressing(previous);
  const after = progressing(next);
  if (after === undefined) return [];
  const events: SidecarSetEvent[] = [];
  const { reason, message } = after;
  const isAnother = before === undefined || before.reason !== reason ||
    previous?.latestRevision !== next.latestRevision;
  const wasUnderWay = before !== undefined && UNFINISHED.has(before.reason);
  const isNewTarget = previous?.latestRevision !== next.latestRevision;
  if (UNFINISHED.has(reason) && (!wasUnderWay || isNewTarget)) {
    events.push({ type: "Normal", reason: "RolloutStarted", note: message });
  }
  if (reason === "UpToDate" && wasUnderWay) {
    events.push({ type: "Normal", reason: "RolloutCompleted", note: message });
  }
  const block = BLOCKED.find((each) => each.reason === reason);
  if (isAnother && block !== undefined) events.push({ ...block, note: message });
  const { notUpgradablePods = 0 } = next;
  if (notUpgradablePods > 0 && notUpgradablePods !== previous?.notUpgradablePods) {
    const note = `SidecarSet has ${notUpgradablePods} Pods that cannot be upgraded in place`;
    events.push({ type: "Normal", reason: "NotUpgradablePods", note });
  }
  return events;
}

function progressing(status: SidecarSetStatus | undefined): Condition | undefined {
  return status?.conditions?.find(({ type }) => type === "Progressing");
}
