import {
  HOT_UPGRADE_SUFFIXES,
  VERSION_ALT_ANNOTATION_PREFIX,
  VERSION_ANNOTATION_PREFIX,
  WORKING_HOT_UPGRADE_ANNOTATION,
} from "../../api/names.ts";
import type { SidecarContainer } from "../../api/sidecar_container.ts";
import type { ObservedPod } from "../observed_pod.ts";
import { goJson } from "../json/go_json.ts";
import { membersIn } from "./json_records.ts";

/** Whether the sidecar alternates between two containers (`pkg/control/sidecarcontrol:IsHotUpgradeContainer`). */
export function isHotUpgrade(sidecar: SidecarContainer): boolean {
  return sidecar.upgradeStrategy?.upgradeType === "HotUpgrade";
}

/** The same for an init container; only native sidecars can be a pair. */
export function isHotUpgradeInit(sidecar: SidecarContainer): boolean {
  return isHotUpgrade(sidecar) && sidecar.restartPolicy === "Always";
}

/** Names of the two containers of a hot-upgrade sidecar. */
export function containersOfPair(sidecar: string): readonly [string, string] {
  return [sidecar + HOT_UPGRADE_SUFFIXES[0], sidecar + HOT_UPGRADE_SUFFIXES[1]];
}

/** Key of the annotation with the version of one container of a pair. */
export function versionAnnotation(container: string): string {
  return VERSION_ANNOTATION_PREFIX + container;
}

/** Key of the annotation with the version of its counterpart. */
export function versionAltAnnotation(container: string): string {
  return VERSION_ALT_ANNOTATION_PREFIX + container;
}

/** Working container of each hot-upgrade sidecar of the Pod; an unreadable annotation counts as empty, as upstream. */
export function workingContainers(pod: ObservedPod): ReadonlyMap<string, string> {
  const working = new Map<string, string>();
  for (const [sidecar, container] of membersIn(pod, WORKING_HOT_UPGRADE_ANNOTATION)) {
    if (typeof container !== "string") return new Map();
    working.set(sidecar, container);
  }
  return working;
}

/** The text of the annotation that names the working containers. */
export function workingContainersText(working: ReadonlyMap<string, string>): string {
  return goJson(working);
}
