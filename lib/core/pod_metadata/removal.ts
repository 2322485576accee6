import {
  HASH_ANNOTATION,
  HASH_WITHOUT_IMAGE_ANNOTATION,
  INJECTED_LIST_ANNOTATION,
  INPLACE_UPDATE_STATE_ANNOTATION,
  VERSION_ALT_ANNOTATION_PREFIX,
  VERSION_ANNOTATION_PREFIX,
  WORKING_HOT_UPGRADE_ANNOTATION,
} from "../../api/names.ts";
import type { UpgradeSpec } from "../../api/pod.ts";
import type { ObservedPod } from "../observed_pod.ts";
import {
  versionAltAnnotation,
  versionAnnotation,
  workingContainers,
  workingContainersText,
} from "../annotations/hot_upgrade.ts";
import {
  IDLE_ANNOTATION,
  idleRecords,
  idleRecordsText,
  STORED_IMAGES_ANNOTATION,
  storedImagesWithout,
} from "../annotations/image_records.ts";
import {
  injectedListText,
  injectedSidecarSets,
  isMarkedInjected,
} from "../annotations/injected_list.ts";
import {
  inPlaceStatesWithout,
  RESTART_COUNTS_ANNOTATION,
  restartCountsWithout,
} from "../annotations/inplace_state.ts";
import { POD_PATCHES_ANNOTATION, podPatches, podPatchesText } from "../annotations/pod_patches.ts";
import { RESIZED_ANNOTATION, resizesWithout } from "../annotations/resized.ts";
import { UPDATED_IMAGES_ANNOTATION, updatedImagesWithout } from "../annotations/updated_images.ts";
import { readUpgradeSpecs, upgradeSpecsText } from "../annotations/upgrade_specs.ts";
import { DEFAULT_CONTAINER_ANNOTATION, isNamedByInjection } from "./default_container.ts";

/** Every annotation that this program sets on Pods, apart from those in `patchPodMetadata`. */
const OWN_ANNOTATIONS: ReadonlySet<string> = new Set([
  HASH_ANNOTATION,
  HASH_WITHOUT_IMAGE_ANNOTATION,
  INJECTED_LIST_ANNOTATION,
  INPLACE_UPDATE_STATE_ANNOTATION,
  WORKING_HOT_UPGRADE_ANNOTATION,
  RESTART_COUNTS_ANNOTATION,
  STORED_IMAGES_ANNOTATION,
  IDLE_ANNOTATION,
  POD_PATCHES_ANNOTATION,
  RESIZED_ANNOTATION,
  UPDATED_IMAGES_ANNOTATION,
]);
const OWN_PREFIXES = [VERSION_ANNOTATION_PREFIX, VERSION_ALT_ANNOTATION_PREFIX];

/** Whether this program sets the annotation on Pods to record injections and upgrades. */
export function isOwnAnnotation(key: string): boolean {
  return OWN_ANNOTATIONS.has(key) || OWN_PREFIXES.some((prefix) => key.startsWith(prefix));
}

/** The Pod's annotations without those that this program sets. */
export function foreignAnnotations(pod: ObservedPod): Record<string, string> {
  const isOwnDefault = isNamedByInjection(pod);
  return Object.fromEntries(
    Object.entries(pod.metadata.annotations ?? {}).filter(([key]) =>
      !(isOwnDefault && key === DEFAULT_CONTAINER_ANNOTATION) && !isOwnAnnotation(key)
    ),
  );
}

/** The Pod's annotations without the records of one SidecarSet and of these containers. */
export function annotationsWithout(
  pod: ObservedPod,
  { sidecarSet, containers }: {
    readonly sidecarSet: string;
    readonly containers: ReadonlySet<string>;
  },
): Record<string, string> {
  const working = workingContainers(pod);
  const otherWorking = new Map([...working].filter(([, container]) => !containers.has(container)));
  const otherIdle = new Map([...idleRecords(pod)].filter(([name]) => !containers.has(name)));
  const otherPatches = new Map([...podPatches(pod)].filter(([name]) => name !== sidecarSet));
  const changes: Record<string, string | null> = {
    ...releasedAnnotations(pod, sidecarSet),
    [STORED_IMAGES_ANNOTATION]: storedImagesWithout(pod, containers),
    [IDLE_ANNOTATION]: idleRecordsText(otherIdle),
    [POD_PATCHES_ANNOTATION]: podPatchesText(otherPatches),
    [WORKING_HOT_UPGRADE_ANNOTATION]: otherWorking.size === 0
      ? null
      : workingContainersText(otherWorking),
  };
  const first = pod.spec.containers.find(({ name }) => !containers.has(name));
  // The next injection sets it again if a sidecar is placed first.
  if (isNamedByInjection(pod) && first !== undefined && !isMarkedInjected(first)) {
    changes[DEFAULT_CONTAINER_ANNOTATION] = null;
  }
  for (const container of containers) {
    changes[versionAnnotation(container)] = null;
    changes[versionAltAnnotation(container)] = null;
  }
  const annotations = new Map(Object.entries(pod.metadata.annotations ?? {}));
  for (const [key, value] of Object.entries(changes)) {
    if (value === null) annotations.delete(key);
    else if (annotations.has(key)) annotations.set(key, value);
  }
  return Object.fromEntries(annotations);
}

/**
 * Annotations of a running Pod without the records of a deleted SidecarSet, so that a recreated SidecarSet of that name
 * does not count the Pod (B-6). Annotations that containers read, such as their versions, stay.
 *
 * @returns the annotations that change; null removes one
 */
export function releasedAnnotations(
  pod: ObservedPod,
  sidecarSet: string,
): Record<string, string | null> {
  const names = injectedSidecarSets(pod).filter((name) => name !== sidecarSet);
  const changed: Record<string, string | null> = {
    [INJECTED_LIST_ANNOTATION]: names.length === 0 ? null : injectedListText(names),
  };
  const specs = readUpgradeSpecs(pod);
  if (specs.ok) {
    const { full, withoutImage } = specs.value;
    if (full.has(sidecarSet)) changed[HASH_ANNOTATION] = specsWithout(full, sidecarSet);
    if (withoutImage.has(sidecarSet)) {
      changed[HASH_WITHOUT_IMAGE_ANNOTATION] = specsWithout(withoutImage, sidecarSet);
    }
  }
  const states = inPlaceStatesWithout(pod, sidecarSet);
  if (states !== undefined) changed[INPLACE_UPDATE_STATE_ANNOTATION] = states;
  const counts = restartCountsWithout(pod, sidecarSet);
  if (counts !== undefined) changed[RESTART_COUNTS_ANNOTATION] = counts;
  const resizes = resizesWithout(pod, sidecarSet);
  if (resizes !== undefined) changed[RESIZED_ANNOTATION] = resizes;
  const images = updatedImagesWithout(pod, sidecarSet);
  if (images !== undefined) changed[UPDATED_IMAGES_ANNOTATION] = images;
  return changed;
}

function specsWithout(specs: ReadonlyMap<string, UpgradeSpec>, sidecarSet: string): string | null {
  const kept = new Map([...specs].filter(([name]) => name !== sidecarSet));
  return kept.size === 0 ? null : upgradeSpecsText(kept);
}
