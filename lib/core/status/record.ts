import { INPLACE_UPDATE_STATE_ANNOTATION } from "../../api/names.ts";
import type { UpgradeSpec } from "../../api/pod.ts";
import type { ObservedPod } from "../observed_pod.ts";
import { isHotUpgrade, workingContainers } from "../annotations/hot_upgrade.ts";
import { recordedPatchHash } from "../annotations/pod_patches.ts";
import { readUpdatedImages } from "../annotations/updated_images.ts";
import { readUpgradeSpecs } from "../annotations/upgrade_specs.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { containerNames, findContainer, runningSidecars } from "./containers.ts";

/** The record of a SidecarSet in the Pod's hash annotations; undefined if unreadable. */
export function recordOf(
  pod: ObservedPod,
  sidecarSetName: string,
): { readonly full?: UpgradeSpec | undefined; readonly withoutImage?: UpgradeSpec | undefined } {
  const read = readUpgradeSpecs(pod);
  if (!read.ok) return {};
  const { full, withoutImage } = read.value;
  return { full: full.get(sidecarSetName), withoutImage: withoutImage.get(sidecarSetName) };
}

/** Whether the Pod's own containers have the current patches of `spec.patchContainers`, or there are none. */
export function hasCurrentPatches(
  pod: ObservedPod,
  { name, patchHash }: Pick<PreparedSidecarSet, "name" | "patchHash">,
): boolean {
  return recordedPatchHash(pod, name) === patchHash;
}

/**
 * Whether the Pod records the current revision, also if the kubelet has not applied its resources yet. A Pod that got
 * other images since does not, for example after the SidecarSet was rolled back to the Pod's revision.
 */
export function hasCurrentRecord(pod: ObservedPod, prepared: PreparedSidecarSet): boolean {
  if (recordOf(pod, prepared.name).full?.hash !== prepared.hash) return false;
  if (!hasCurrentPatches(pod, prepared)) return false;
  const updated = readUpdatedImages(pod).get(prepared.name)?.bySidecar;
  return updated === undefined ||
    runningSidecars(prepared.sidecarSet).every(({ name, image }) =>
      (updated.get(name) ?? image) === image
    );
}

/** Whether the Pod's spec has not changed since its creation: the generation is still 1. */
export function isUnchanged({ metadata: { generation, annotations = {} } }: ObservedPod): boolean {
  // A Pod created before the API server counted generations has none until its first change.
  return generation === 1 && !Object.hasOwn(annotations, INPLACE_UPDATE_STATE_ANNOTATION);
}

/**
 * Whether the Pod has a container, or both halves of a pair, for each of the SidecarSet's running sidecars.
 * Source: `pkg/control/sidecarcontrol/util.go:IsPodInjectedSidecarSet` and its structural check.
 */
export function hasAllContainers(pod: ObservedPod, prepared: PreparedSidecarSet): boolean {
  const working = workingContainers(pod);
  return runningSidecars(prepared.sidecarSet).every((sidecar) =>
    (!isHotUpgrade(sidecar) || working.has(sidecar.name)) &&
    containerNames(sidecar).every((name) => findContainer(pod, name) !== undefined)
  );
}
