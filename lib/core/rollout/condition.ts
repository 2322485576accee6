import { isObject } from "../../api/json.ts";
import { UPGRADABLE_CONDITION } from "../../api/names.ts";
import type { Pod, PodCondition } from "../../api/pod.ts";
import { goJson } from "../json/go_json.ts";

/** What is to be said of one SidecarSet in the Pod's `SidecarSetUpgradable` condition. */
export interface UpgradableEntry {
  readonly sidecarSetName: string;
  /** Undefined takes its entry out. */
  readonly upgradable: boolean | undefined;
  /** RFC 3339. */
  readonly now: string;
  /** Entries of SidecarSets that no longer exist go, so that they cannot keep the condition False for ever (B-8). */
  exists(sidecarSetName: string): boolean;
}

/**
 * The Pod's `SidecarSetUpgradable` condition with one SidecarSet's entry set: True while all SidecarSets can be
 * upgraded in place. It must be written under the Pod's resourceVersion, because it merges with what is there (B-8).
 * Source: `pkg/control/sidecarcontrol/util.go:UpdatePodSidecarSetUpgradableCondition`.
 *
 * @returns undefined where the Pod's condition already says so
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

/** The SidecarSets of which the Pod's condition says that they cannot be upgraded in place. */
export function deniedSidecarSets(pod: Pod): readonly string[] {
  const present = pod.status?.conditions?.find(({ type }) => type === UPGRADABLE_CONDITION);
  if (present === undefined || present.status === "True") return [];
  return entriesOf(present.message).flatMap(([name, upgradable]) => upgradable ? [] : [name]);
}

/** An unreadable message counts as empty: the condition is only a report, and is written anew. */
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
