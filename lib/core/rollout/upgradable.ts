import type { ObservedPod } from "../observed_pod.ts";
import { isObject } from "../../api/json.ts";
import { UPGRADABLE_CONDITION } from "../../api/names.ts";
import type { PodCondition } from "../../api/pod.ts";
import { goJson } from "../json/go_json.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import type { ConditionReason } from "../reasons.ts";
import { containerStatus, isStateConsistent } from "../status/consistency.ts";
import { sidecarContainerNames } from "../status/containers.ts";
import { inPlaceChange } from "../status/in_place.ts";
import { hasCurrentRecord } from "../status/record.ts";
import { recordedResize } from "../status/resize.ts";

/** Whether an outdated Pod can be updated in place, and if not, why. */
export type Upgradability =
  | { readonly kind: "Upgradable" }
  /** Later: the kubelet has not applied an earlier update yet. */
  | { readonly kind: "InFlight"; readonly container: string }
  /** Has the current revision, but the kubelet has not applied its resources yet. */
  | {
    readonly kind: "Resizing";
    readonly reason: "PodResizeInProgress" | "PodResizePending";
    readonly message: string;
  }
  /** Never: only a replacement can have the current revision. */
  | { readonly kind: "NotUpgradable"; readonly reason: ConditionReason; readonly message: string };

/**
 * Whether an outdated Pod can be updated in place now. A container that is not ready may be changed again
 * immediately, so that a good image can replace a bad one, and so may resources that the kubelet has not applied.
 */
export function upgradability(pod: ObservedPod, prepared: PreparedSidecarSet): Upgradability {
  if (hasCurrentRecord(pod, prepared)) return resizeState(pod, prepared);
  const change = inPlaceChange(pod, prepared);
  if (change.kind === "NotUpgradable") return { ...change, reason: "NotUpgradable" };
  const container = inFlightContainer(pod, prepared);
  return container === undefined ? { kind: "Upgradable" } : { kind: "InFlight", container };
}

/** A ready container whose last image change the kubelet has not applied yet. */
export function inFlightContainer(
  pod: ObservedPod,
  prepared: PreparedSidecarSet,
): string | undefined {
  return [...sidecarContainerNames(prepared.sidecarSet)].sort().find((container) =>
    containerStatus(pod, container)?.ready === true &&
    !isStateConsistent(pod, prepared.name, new Set([container]))
  );
}

function resizeState(pod: ObservedPod, prepared: PreparedSidecarSet): Upgradability {
  const resize = recordedResize(pod, prepared.name);
  if (resize === undefined) return { kind: "Upgradable" };
  const { kind, container } = resize;
  const text = resize.message === "" ? "" : `: ${resize.message}`;
  if (kind === "InProgress") {
    const message = `the kubelet resizes container ${container}${text}`;
    return { kind: "Resizing", reason: "PodResizeInProgress", message };
  }
  const message = `PodResizePending (${kind}) of container ${container}${text}`;
  return kind === "Deferred"
    ? { kind: "Resizing", reason: "PodResizePending", message }
    : { kind: "NotUpgradable", reason: "PodResizePending", message };
}

/** One SidecarSet's entry in the Pod's `SidecarSetUpgradable` condition. */
interface UpgradableEntry {
  readonly sidecarSetName: string;
  /** Undefined removes the entry. */
  readonly upgradable: boolean | undefined;
  /** RFC 3339. */
  readonly now: string;
  /**
   * Whether a SidecarSet exists. Entries of deleted ones are removed, so that they cannot keep the condition False
   * (B-8).
   */
  exists(sidecarSetName: string): boolean;
}

/**
 * The Pod's `SidecarSetUpgradable` condition with one SidecarSet's entry set: True if all SidecarSets can be
 * upgraded in place. It is merged with the present one, so the write needs the Pod's resourceVersion (B-8). A Pod gets
 * the condition when a SidecarSet cannot be upgraded in it, and True only after that, so that an ordinary upgrade is
 * one write (D-12).
 * Source: `pkg/control/sidecarcontrol/util.go:UpdatePodSidecarSetUpgradableCondition`.
 *
 * @returns undefined if the condition is up to date
 */
export function upgradableCondition(
  pod: ObservedPod,
  entry: UpgradableEntry,
): PodCondition | undefined {
  const present = pod.status?.conditions?.find(({ type }) => type === UPGRADABLE_CONDITION);
  const entries = new Map<string, boolean>();
  for (const [name, upgradable] of entriesOf(present?.message)) {
    if (entry.exists(name)) entries.set(name, upgradable);
  }
  if (entry.upgradable === undefined) entries.delete(entry.sidecarSetName);
  else entries.set(entry.sidecarSetName, entry.upgradable);
  const allUpgradable = [...entries.values()].every((upgradable) => upgradable);
  const status = allUpgradable ? "True" : "False";
  const message = goJson(entries);
  if (present?.status === status && present.message === message) return undefined;
  return {
    type: UPGRADABLE_CONDITION,
    status,
    reason: allUpgradable ? "AllSidecarsetUpgradable" : "UpdateImmutableField",
    message,
    lastTransitionTime: present?.status === status
      ? present.lastTransitionTime ?? entry.now
      : entry.now,
  };
}

/** SidecarSets that the Pod's condition reports as not upgradable in place. */
export function deniedSidecarSets(pod: ObservedPod): readonly string[] {
  const present = pod.status?.conditions?.find(({ type }) => type === UPGRADABLE_CONDITION);
  if (present === undefined || present.status === "True") return [];
  return entriesOf(present.message).flatMap(([name, upgradable]) => upgradable ? [] : [name]);
}

/** An unreadable message counts as empty, as the condition is only a report. */
function entriesOf(message: string | undefined): [string, boolean][] {
  if (message === undefined || message === "") return [];
  try {
    const parsed: unknown = JSON.parse(message);
    if (!isObject(parsed)) return [];
    return Object.entries(parsed).map(([name, upgradable]) => [name, upgradable === true]);
  } catch {
    return [];
  }
}
