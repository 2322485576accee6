import { isObject } from "../../api/json.ts";
import type { Pod } from "../../api/pod.ts";
import { goJson } from "../annotations/go_json.ts";
import { isHotUpgrade, workingContainers } from "../annotations/hot_upgrade.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { recordOf } from "./record.ts";
import { hotPair, unfinishedPairs } from "./readiness.ts";
import { findContainer, runningSidecars } from "./sidecars.ts";

/**
 * Images that other webhooks gave injected containers before the Pod was stored, as JSON by container name. Written
 * only where they differ from the SidecarSet's, so that most Pods never carry it. OpenKruise ignores it.
 */
export const STORED_IMAGES_ANNOTATION = "kruise.io/sidecarset-stored-images";

/** An injected container that does not have the image that was first stored for it. */
export interface Drift {
  readonly container: string;
  readonly storedImage: string;
  readonly foundImage: string;
}

/** What a Pod's images tell beside its annotations. */
export interface DriftEvidence {
  /** The images are those that were stored last by a creation or by the controller's own update: nobody has changed them since. */
  readonly asStored: boolean;
}

export interface ImageAssessment {
  readonly drift: readonly Drift[];
  /** The annotation's text to write before the evidence is lost; absent where there is nothing to record. */
  readonly record?: string;
}

const NOTHING: ImageAssessment = { drift: [] };

/**
 * Compares the images of an updated Pod's sidecars with those first stored. The stored image is the one recorded in
 * the Pod, or else the SidecarSet's own. A Pod that still is as it was stored has no drift: a differing image was
 * rewritten at admission, and is to be recorded. Outdated Pods are the roll-out's business.
 */
export function assessImages(
  pod: Pod,
  prepared: PreparedSidecarSet,
  evidence: DriftEvidence,
): ImageAssessment {
  if (recordOf(pod, prepared.name).full?.hash !== prepared.hash) return NOTHING;
  if (unfinishedPairs(pod, prepared, true).length > 0) return NOTHING;
  const stored = storedImages(pod);
  const differing: Drift[] = [];
  for (const [container, image] of wantedImages(pod, prepared)) {
    const storedImage = stored.get(container) ?? image;
    const foundImage = findContainer(pod, container)?.image;
    if (foundImage === undefined || foundImage === storedImage) continue;
    differing.push({ container, storedImage, foundImage });
  }
  if (differing.length === 0) return NOTHING;
  if (!evidence.asStored) return { drift: differing };
  const found = differing.map(({ container, foundImage }) => [container, foundImage] as const);
  return { drift: [], record: goJson(new Map([...stored, ...found])) };
}

/** The recorded images by container; none where the annotation is absent or unreadable. */
export function storedImages(pod: Pod): ReadonlyMap<string, string> {
  const images = new Map<string, string>();
  const text = pod.metadata.annotations?.[STORED_IMAGES_ANNOTATION];
  if (text === undefined) return images;
  try {
    const parsed: unknown = JSON.parse(text);
    for (const [container, image] of Object.entries(isObject(parsed) ? parsed : {})) {
      if (typeof image === "string") images.set(container, image);
    }
  } catch {
    return new Map();
  }
  return images;
}

/** The annotation's value without the given containers, whose images are about to change; null removes it. */
export function storedImagesWithout(pod: Pod, containers: Iterable<string>): string | null {
  const images = new Map(storedImages(pod));
  for (const container of containers) images.delete(container);
  return images.size === 0 ? null : goJson(images);
}

function wantedImages(pod: Pod, prepared: PreparedSidecarSet): Map<string, string> {
  const working = workingContainers(pod);
  const wanted = new Map<string, string>();
  for (const sidecar of runningSidecars(prepared.sidecarSet)) {
    if (sidecar.image === undefined) continue;
    const container = isHotUpgrade(sidecar) ? hotPair(sidecar.name, working).working : sidecar.name;
    wanted.set(container, sidecar.image);
  }
  return wanted;
}
