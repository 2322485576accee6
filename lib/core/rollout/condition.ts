import { isObject } from "../../api/json.ts";
import { UPGRADABLE_CONDITION } from "../../api/names.ts";
import type { Pod, PodCondition } from "../../api/pod.ts";
import { goJson } from "../json/go_json.ts";

/** One SidecarSet's entry in the Pod's `SidecarSetUpgradable` condition. */
export interface UpgradableEntry {
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
 * upgraded in place. It is merged with the present one, so the write needs the Pod's resourceVersion (B-8).
 * Source: `pkg/control/sidecarcontrol/util.go:UpdatePodSidecarSetUpgradableCondition`.
 *
 * @returns undefined if the condition is up to date
 */
export function upgradableCondition(pod: Pod, entry: UpgradableEntry): PodCondition | undefined {
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
export function deniedSidecarSets(pod: Pod): readonly string[] {
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
