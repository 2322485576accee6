import { isObject } from "../../api/json.ts";
import { type ObjectMeta, rfc3339 } from "../../api/meta.ts";
import type { SidecarSetStatus } from "../../api/sidecarset_status.ts";
import type { ObservedPod } from "../observed_pod.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { selectionHash } from "../registration/selection.ts";

/** The stored `effectiveSince` and hash of the selection. */
export type EffectiveSelection = Pick<SidecarSetStatus, "effectiveSince" | "selectionHash">;

/** The SidecarSet, its stored status, and whether and since when it is registered. */
export interface EffectiveSinceFacts {
  readonly prepared: PreparedSidecarSet;
  /** The last known status. */
  readonly status: SidecarSetStatus | undefined;
  /** Whether the SidecarSet is injected: valid, not paused, and its selectors fit into the registration. */
  readonly injecting: boolean;
  /** Creation time of the webhook registration in RFC 3339; undefined if there is none. */
  readonly registeredSince: string | undefined;
  readonly now: Date;
}

/**
 * The stored `effectiveSince` if it belongs to the current selection. Image changes and outages of the leader do
 * not restart it.
 */
export function effectiveSinceOf(
  { sidecarSet: { metadata: { generation }, spec } }: PreparedSidecarSet,
  { effectiveSince, selectionHash: stored, observedGeneration = generation }: SidecarSetStatus = {},
): string | undefined {
  // An older version of this program stored no hash.
  const isCurrent = stored === undefined
    ? observedGeneration === generation
    : stored === selectionHash(spec);
  return isCurrent ? effectiveSince : undefined;
}

/**
 * Time since which every new selected Pod should be injected; RFC 3339 in whole seconds, empty if unknown. A new
 * selection is effective when it is stored, as the validating webhook registers it before, but not before the
 * registration exists. If the registration is deleted later, the time stays: the Pods of that outage are missed.
 */
export function nextEffectiveSince(facts: EffectiveSinceFacts): EffectiveSelection {
  const { prepared, status, injecting, registeredSince, now } = facts;
  if (!injecting) return {};
  const stored = effectiveSinceOf(prepared, status);
  const since = stored ?? (registeredSince &&
    latest(selectedAt(prepared, status) ?? rfc3339(now), registeredSince));
  return since
    ? { effectiveSince: since, selectionHash: selectionHash(prepared.sidecarSet.spec) }
    : {};
}

/** Time at which the selection was stored; undefined if unknown. */
function selectedAt(
  { sidecarSet: { metadata }, specWrittenAt }: PreparedSidecarSet,
  status: SidecarSetStatus | undefined,
): string | undefined {
  const { generation, creationTimestamp } = metadata;
  // The spec existed but was not effective, for example because it was invalid.
  if (status?.observedGeneration === generation) return undefined;
  return generation === 1 ? creationTimestamp : specWrittenAt;
}

/** Time of the last write of an object's spec, by `managedFields`; undefined if unknown. */
export function specWrittenAt({ managedFields = [] }: ObjectMeta): string | undefined {
  const times = managedFields.flatMap(({ time, subresource, fieldsV1 }) =>
    time !== undefined && !subresource && isObject(fieldsV1) && "f:spec" in fieldsV1 ? [time] : []
  );
  return times.reduce<string | undefined>((a, b) => a === undefined ? b : latest(a, b), undefined);
}

function latest(a: string, b: string): string {
  return Date.parse(a) < Date.parse(b) ? b : a;
}

/** Why a selected Pod that was not missed is not injected, by times. */
export function notMissedText({ metadata }: ObservedPod, prepared: PreparedSidecarSet): string {
  const created = Date.parse(metadata.creationTimestamp ?? "");
  const { sidecarSet } = prepared;
  if (created < Date.parse(sidecarSet.metadata.creationTimestamp ?? "")) {
    return "the Pod is older than the SidecarSet";
  }
  const since = effectiveSinceOf(prepared, sidecarSet.status);
  if (since === undefined) return "the SidecarSet's selection is not effective yet";
  if (created < Date.parse(since)) {
    return `the Pod was created before the current selection became effective at ${since}`;
  }
  if (created === Date.parse(since)) {
    return `the Pod was created in the second in which the selection became effective, ${since}, and may be older`;
  }
  return "the labels of the Pod or of its namespace have been changed since it was created";
}
