import { isObject, ownMember } from "../../api/json.ts";
import type { ObjectMeta } from "../../api/meta.ts";
import { HOT_UPGRADE_SUFFIXES, INJECTED_LIST_ANNOTATION } from "../../api/names.ts";
import type { Pod, UpgradeSpec } from "../../api/pod.ts";
import { versionAnnotation, workingContainers } from "../annotations/hot_upgrade.ts";
import { idleRecords } from "../annotations/idle_records.ts";
import { readInPlaceStates } from "../annotations/inplace_state.ts";
import { readRestartCounts } from "../annotations/restart_counts.ts";
import type { PreparedSidecarSet } from "../prepared.ts";

/** A creation lasts at most a minute, the API server's request timeout. */
const MAX_CREATION_MS = 60_000;
/** By how much the clocks of the API server and of this process may differ. */
const MAX_CLOCK_SKEW_MS = 10_000;

/** The Pod's records of one SidecarSet. */
export interface PodRecord {
  readonly sidecarSet: string;
  /** Its entry of the hash annotation, where it has one. */
  readonly recorded: UpgradeSpec | undefined;
  /** Names of its containers in the Pod. */
  readonly containers: ReadonlySet<string>;
  /** The SidecarSet as new Pods get it: at the current revision, at a pinned one, or at either. */
  readonly prospects: readonly PreparedSidecarSet[];
}

/**
 * Whether a Pod under creation is a copy of a stored one that a SidecarSet was injected into. A Pod has no uid in
 * the first or a second call of its creation, but:
 * - only a stored Pod has records of in-place changes;
 * - `managedFields` are computed from the client's request before webhooks are called, so they contain the
 * annotations of a copy, and not those added by an earlier call;
 * - the first call for a copy renews its records, so a second call finds the revision and time of this creation.
 * Without `managedFields` (offline), only an old record of an old revision identifies a copy.
 */
export function isCopy(pod: Pod, record: PodRecord, now: Date): boolean {
  if (hasChanged(pod, record)) return true;
  const hasProspect = record.prospects.some((prospect) => isAt(record.recorded, prospect));
  const injectedAt = Date.parse(record.recorded?.updateTimestamp ?? "");
  const sentAt = sendTimeOf(pod.metadata);
  if (sentAt === "never") return false;
  if (sentAt !== undefined) return !hasProspect || !(injectedAt >= sentAt - MAX_CLOCK_SKEW_MS);
  return !hasProspect && record.recorded !== undefined &&
    !(Math.abs(now.getTime() - injectedAt) <= MAX_CREATION_MS);
}

/** Whether anything of the Pod was changed after it had been stored. */
function hasChanged(pod: Pod, { sidecarSet, containers }: PodRecord): boolean {
  if (readInPlaceStates(pod)?.has(sidecarSet) || readRestartCounts(pod).has(sidecarSet)) {
    return true;
  }
  if (idleRecords(pod).keys().some((name) => containers.has(name))) return true;
  const [, second] = HOT_UPGRADE_SUFFIXES;
  return workingContainers(pod).values().some((name) =>
    containers.has(name) &&
    (name.endsWith(second) || !["0", "1"].includes(versionOf(pod, name)))
  );
}

function versionOf({ metadata: { annotations } }: Pod, container: string): string {
  return ownMember(annotations, versionAnnotation(container)) ?? "0";
}

function isAt(recorded: UpgradeSpec | undefined, prospect: PreparedSidecarSet): boolean {
  if (recorded?.hash !== prospect.hash) return false;
  const { controllerRevision = "" } = recorded;
  return controllerRevision === "" || prospect.revisionName === "" ||
    controllerRevision === prospect.revisionName;
}

/**
 * Time in milliseconds at which a client sent the injection's annotations; `never` if they were added later,
 * undefined if unknown.
 */
function sendTimeOf({ managedFields }: ObjectMeta): number | "never" | undefined {
  if (!Array.isArray(managedFields) || managedFields.length === 0) return undefined;
  const times = managedFields
    .filter(({ fieldsV1 }) => ownsAnnotation(fieldsV1, INJECTED_LIST_ANNOTATION))
    .map(({ time }) => Date.parse(time ?? ""));
  return times.length === 0 ? "never" : Math.max(...times);
}

function ownsAnnotation(fields: unknown, annotation: string): boolean {
  const metadata = isObject(fields) ? fields["f:metadata"] : undefined;
  const annotations = isObject(metadata) ? metadata["f:annotations"] : undefined;
  return isObject(annotations) && Object.hasOwn(annotations, `f:${annotation}`);
}
