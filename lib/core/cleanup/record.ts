import type { CleanupProgress, CleanupRecord } from "../../api/cleanup_record.ts";
import type { CleanupPolicy } from "../../api/strategies.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { isConditionReason, isReason, type SidecarSetEvent } from "../reasons.ts";
import { runningSidecars } from "../status/containers.ts";
import type { CleanupAction } from "./plan.ts";

/** The effective clean-up policy; Retain if Idle has no image. */
export function actionOf({ type, idleImage }: CleanupPolicy = {}): CleanupAction {
  if (type === "Evict") return { type };
  return type === "Idle" && idleImage ? { type, idleImage } : { type: "Retain" };
}

/**
 * The clean-up record for a SidecarSet. It keeps the names of sidecars that were removed from the spec.
 *
 * @returns the known record itself if it is up to date; undefined with the policy Retain
 */
export function recordFor(
  { sidecarSet, name }: PreparedSidecarSet,
  known: CleanupRecord | undefined,
): CleanupRecord | undefined {
  const policy = actionOf(sidecarSet.spec.cleanupPolicy);
  if (policy.type === "Retain") return undefined;
  const listed = runningSidecars(sidecarSet).map((sidecar) => sidecar.name);
  const sidecars = [...new Set([...known?.sidecars ?? [], ...listed])].sort();
  const maxUnavailable = sidecarSet.spec.updateStrategy?.maxUnavailable;
  const record: CleanupRecord = {
    sidecarSet: name,
    uid: sidecarSet.metadata.uid ?? "",
    policy,
    ...(maxUnavailable === undefined ? {} : { maxUnavailable }),
    sidecars,
    ...(known?.evictions ? { evictions: known.evictions } : {}),
  };
  return known !== undefined && JSON.stringify(known) === JSON.stringify(record) ? known : record;
}

/** Blockers that end as the clean-up progresses; their events are Normal. */
const PASSING: ReadonlySet<string> = new Set(["BudgetUsed", "EvictionBackoff", "WorkloadNotReady"]);

/** The events for a change in a clean-up's progress: start, completion, and each new blocker. */
export function cleanupEvents(before: CleanupProgress, after: CleanupProgress): SidecarSetEvent[] {
  const events: SidecarSetEvent[] = [];
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
