import type { CleanupProgress } from "../../api/cleanup_record.ts";
import { isConditionReason } from "../condition_reasons.ts";
import type { EventReason } from "../event_reasons.ts";
import { isReason } from "../reasons.ts";

/** An event for a SidecarSet's clean-up. */
export interface CleanupEvent {
  readonly type: "Normal" | "Warning";
  readonly reason: EventReason;
  readonly note: string;
}

/** Blockers that end as the clean-up progresses; their events are Normal. */
const PASSING: ReadonlySet<string> = new Set(["BudgetUsed", "EvictionBackoff", "WorkloadNotReady"]);

/** The events for a change in a clean-up's progress: start, completion, and each new blocker. */
export function cleanupEvents(before: CleanupProgress, after: CleanupProgress): CleanupEvent[] {
  const events: CleanupEvent[] = [];
  if (before.remaining === 0 && after.remaining > 0) {
    const note = `${pods(after.remaining)} sidecars that are no longer needed`;
    events.push({ type: "Normal", reason: "CleanupStarted", note });
  }
  if (before.remaining > 0 && after.remaining === 0) {
    const note = "All sidecars that are no longer needed have been cleaned up";
    events.push({ type: "Normal", reason: "CleanupCompleted", note });
  }
  for (const [reason, { pods: count, example, message }] of Object.entries(after.blocked)) {
    if (Object.hasOwn(before.blocked, reason)) continue;
    if (!isReason(reason) && !isConditionReason(reason)) continue;
    const type = PASSING.has(reason) ? "Normal" : "Warning";
    const instance = example === "" ? "" : `, for example ${example}`;
    const verb = count === 1 ? "Pod waits" : "Pods wait";
    events.push({ type, reason, note: `${count} ${verb} for the clean-up${instance}: ${message}` });
  }
  return events;
}

function pods(count: number): string {
  return count === 1 ? "1 Pod has" : `${count} Pods have`;
}
