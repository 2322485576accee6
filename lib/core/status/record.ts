import { INPLACE_UPDATE_STATE_ANNOTATION } from "../../api/names.ts";
import type { Pod, UpgradeSpec } from "../../api/pod.ts";
import { isHotUpgrade, workingContainers } from "../annotations/hot_upgrade.ts";
import { readUpgradeSpecs } from "../annotations/upgrade_specs.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { containerNames, findContainer, runningSidecars } from "./sidecars.ts";

/** What the Pod's hash annotations record of a SidecarSet; nothing where they cannot be read. */
export function recordOf(
  pod: Pod,
  sidecarSetName: string,
): { readonly full?: UpgradeSpec | undefined; readonly withoutImage?: UpgradeSpec | undefined } {
  const read = readUpgradeSpecs(pod);
  if (!read.ok) return {};
  const { full, withoutImage } = read.value;
  return { full: full.get(sidecarSetName), withoutImage: withoutImage.get(sidecarSetName) };
}

/** Whether nothing in the Pod's spec has been changed since its creation: each change raises the generation from 1 on. */
export function isUnchanged({ metadata: { generation, annotations = {} } }: Pod): boolean {
  // A Pod that is older than the API server's counting begins with its first change.
  return generation === 1 && !Object.hasOwn(annotations, INPLACE_UPDATE_STATE_ANNOTATION);
}

/**
 * Whether the Pod has a container, or both halves of a pair, for each of the SidecarSet's running sidecars.
 * Source: `pkg/control/sidecarcontrol/util.go:IsPodInjectedSidecarSet` and its structural check.
 */
export function hasAllContainers(pod: Pod, prepared: PreparedSidecarSet): boolean {
  const working = workingContainers(pod);
  return runningSidecars(prepared.sidecarSet).every((sidecar) =>
    (!isHotUpgrade(sidecar) || working.has(sidecar.name)) &&
    containerNames(sidecar).every((name) => findContainer(pod, name) !== undefined)
  );
}
