import type { CleanupRecord } from "../../api/cleanup_record.ts";
import type { CleanupPolicy } from "../../api/strategies.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { runningSidecars } from "../status/sidecars.ts";
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
