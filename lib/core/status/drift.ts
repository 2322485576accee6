import type { Pod } from "../../api/pod.ts";
import { isHotUpgrade, versionAnnotation, workingContainers } from "../annotations/hot_upgrade.ts";
import { idleRecords } from "../annotations/idle_records.ts";
import { storedImages, storedImagesWith } from "../annotations/stored_images.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { isImageForeign } from "./image_owners.ts";
import { isUnchanged, recordOf } from "./record.ts";
import { hotPair, unfinishedPairs } from "./readiness.ts";
import { findContainer, runningSidecars } from "./sidecars.ts";

/** An injected container whose image differs from the last stored one. */
export interface Drift {
  readonly container: string;
  readonly storedImage: string;
  readonly foundImage: string;
}

/** Result of comparing the images of an updated Pod's sidecars. */
export interface ImageAssessment {
  /** Images that another client changed. */
  readonly drift: readonly Drift[];
  /** Images by container that other webhooks changed; to be recorded as stored. */
  readonly rewritten: ReadonlyMap<string, string>;
}

const NOTHING: ImageAssessment = { drift: [], rewritten: new Map() };

/**
 * Compares the images of an updated Pod's sidecars with the last stored ones: recorded in the Pod, or else the
 * SidecarSet's. A different image is drift if another client set it in an update; otherwise a webhook changed it.
 * Without `managedFields` only a Pod of generation 1 proves the latter. Outdated Pods are not compared.
 */
export function assessImages(pod: Pod, prepared: PreparedSidecarSet): ImageAssessment {
  const differing = differences(pod, prepared);
  if (differing.length === 0) return NOTHING;
  const isOwn = ({ container }: Drift) =>
    isUnchanged(pod) || isImageForeign(pod, container) === false;
  const rewritten = differing.filter(isOwn);
  const isUpdated = recordOf(pod, prepared.name).full?.hash === prepared.hash;
  const mayDrift = isUpdated && unfinishedPairs(pod, prepared, true).length === 0;
  const drift = mayDrift ? differing.filter((each) => !rewritten.includes(each)) : [];
  return { drift, rewritten: foundImages(rewritten) };
}

/**
 * The annotation that records a Pod's images, as in the response to this program's write or in the first observed
 * state.
 *
 * @param pod whose annotation is extended: the same Pod, or a later state of it
 * @param images by container
 * @returns undefined if there is nothing to record
 */
export function storedImagesRecord(
  pod: Pod,
  images: ReadonlyMap<string, string>,
): string | undefined {
  const known = storedImages(pod);
  const isNew = [...images].some(([container, image]) => known.get(container) !== image);
  return isNew ? storedImagesWith(pod, images) ?? undefined : undefined;
}

/** Images that differ from the desired ones in a Pod that this program just wrote: other webhooks changed them. */
export function rewrittenImages(
  pod: Pod,
  prepared: PreparedSidecarSet,
): ReadonlyMap<string, string> {
  return foundImages(differences(pod, prepared));
}

function differences(pod: Pod, prepared: PreparedSidecarSet): Drift[] {
  const stored = storedImages(pod);
  const idle = idleRecords(pod);
  const differing: Drift[] = [];
  for (const [container, image] of wantedImages(pod, prepared)) {
    const storedImage = stored.get(container) ?? image;
    const foundImage = findContainer(pod, container)?.image;
    // The clean-up is responsible for idle images.
    if (foundImage === undefined || foundImage === storedImage || idle.has(container)) continue;
    differing.push({ container, storedImage, foundImage });
  }
  return differing;
}

function foundImages(differing: readonly Drift[]): ReadonlyMap<string, string> {
  return new Map(differing.map(({ container, foundImage }) => [container, foundImage]));
}

/** In an outdated Pod only the empty image is known. An idle half serves until its version marks it as empty. */
function wantedImages(pod: Pod, prepared: PreparedSidecarSet): Map<string, string> {
  const { full, withoutImage } = recordOf(pod, prepared.name);
  const isCurrent = full?.hash === prepared.hash;
  const desired = new Map<string, string>();
  if (!isCurrent && withoutImage?.hash !== prepared.hashWithoutImage) return desired;
  const working = workingContainers(pod);
  for (const sidecar of runningSidecars(prepared.sidecarSet)) {
    const isHot = isHotUpgrade(sidecar);
    const pair = hotPair(sidecar.name, working);
    if (isCurrent && sidecar.image !== undefined) {
      desired.set(isHot ? pair.working : sidecar.name, sidecar.image);
    }
    if (!isHot) continue;
    const { hotUpgradeEmptyImage } = sidecar.upgradeStrategy ?? {};
    const isEmpty = pod.metadata.annotations?.[versionAnnotation(pair.idle)] === "0";
    if (isEmpty && hotUpgradeEmptyImage) desired.set(pair.idle, hotUpgradeEmptyImage);
  }
  return desired;
}
