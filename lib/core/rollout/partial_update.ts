import type { ObservedPod } from "../observed_pod.ts";
import { isHotUpgrade, workingContainers } from "../annotations/hot_upgrade.ts";
import {
  readUpdatedImages,
  UPDATED_IMAGES_ANNOTATION,
  updatedImagesText,
} from "../annotations/updated_images.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { containerNames, findContainer, runningSidecars } from "../status/containers.ts";
import { recordOf } from "../status/record.ts";
import { hotUpgradeStep, type ImageChanges } from "./hot_upgrade.ts";

/** New images of a Pod that cannot get the rest of the current revision in place. */
export interface PartialChanges {
  readonly changes: readonly Partial<ImageChanges>[];
  /** All images of the current revision that the Pod has then, by sidecar. */
  readonly bySidecar: ReadonlyMap<string, string>;
}

/**
 * The images of the current revision that a Pod lacks. An image that it was given before does not count, whatever other
 * webhooks or clients made of it since.
 *
 * @returns undefined if there are none
 */
export function partialChanges(
  pod: ObservedPod,
  prepared: PreparedSidecarSet,
): PartialChanges | undefined {
  const working = workingContainers(pod);
  const given = givenImages(pod, prepared);
  const changes: Partial<ImageChanges>[] = [];
  const bySidecar = new Map<string, string>();
  for (const sidecar of runningSidecars(prepared.sidecarSet)) {
    const { name, image } = sidecar;
    const isHot = isHotUpgrade(sidecar);
    const found = containerNames(sidecar).map((each) => findContainer(pod, each));
    if (image === undefined || found.includes(undefined) || (isHot && !working.has(name))) continue;
    const isGiven = (given.get(name) ?? (isHot ? image : found[0]?.image)) === image;
    bySidecar.set(name, image);
    if (isGiven) continue;
    const change = isHot
      ? hotUpgradeStep(pod, prepared, sidecar)
      : { images: new Map([[name, image]]) };
    if (change !== undefined) changes.push(change);
  }
  return changes.length === 0 ? undefined : { changes, bySidecar };
}

/** Images by sidecar as the Pod got them: updated since, or of its recorded revision. */
function givenImages(pod: ObservedPod, prepared: PreparedSidecarSet): ReadonlyMap<string, string> {
  const { full, withoutImage } = recordOf(pod, prepared.name);
  const recorded = prepared.revisions?.of({
    hash: full?.hash,
    hashWithoutImage: withoutImage?.hash,
  })?.images;
  return new Map([
    ...recorded ?? [],
    ...readUpdatedImages(pod).get(prepared.name)?.bySidecar ?? [],
  ]);
}

/** The annotation that records a partial update. */
export function partialRecord(
  pod: ObservedPod,
  { prepared, now, bySidecar }: {
    readonly prepared: PreparedSidecarSet;
    readonly now: string;
    readonly bySidecar: ReadonlyMap<string, string>;
  },
): Map<string, string> {
  const { name, revisionName: controllerRevision } = prepared;
  const record = { updateTimestamp: now, controllerRevision, bySidecar };
  return new Map([[UPDATED_IMAGES_ANNOTATION, updatedImagesText(pod, name, record)]]);
}
