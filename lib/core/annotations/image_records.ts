import { isObject } from "../../api/json.ts";
import type { ObservedPod } from "../observed_pod.ts";
import { goJson } from "../json/go_json.ts";
import { membersIn } from "./json_records.ts";

/** On Pods: sidecars that are idle because they are no longer needed, as JSON by container. OpenKruise ignores it. */
export const IDLE_ANNOTATION = "kruise.io/sidecarset-idle";

/** A container's state before it became idle. */
interface IdleRecord {
  readonly image: string;
  /** The container's restart count at the change. A higher count proves that the idle image runs. */
  readonly restarts: number;
}

/** The records of idle containers; empty if absent or unreadable. */
export function idleRecords(pod: ObservedPod): ReadonlyMap<string, IdleRecord> {
  const records = new Map<string, IdleRecord>();
  for (const [container, entry] of membersIn(pod, IDLE_ANNOTATION)) {
    if (!isObject(entry) || typeof entry.image !== "string") return new Map();
    const restarts = typeof entry.restarts === "number" ? entry.restarts : 0;
    records.set(container, { image: entry.image, restarts });
  }
  return records;
}

/** The annotation's text; null removes it. */
export function idleRecordsText(records: ReadonlyMap<string, IdleRecord>): string | null {
  return records.size === 0 ? null : goJson(records);
}

/**
 * Images that other webhooks set in injected containers before the Pod was stored, as JSON by container name.
 * Written only if they differ from the SidecarSet's, so most Pods do not have it. OpenKruise ignores it.
 */
export const STORED_IMAGES_ANNOTATION = "kruise.io/sidecarset-stored-images";

/** The recorded images by container; empty if absent or unreadable. */
export function storedImages(pod: ObservedPod): ReadonlyMap<string, string> {
  const images = new Map<string, string>();
  for (const [container, image] of membersIn(pod, STORED_IMAGES_ANNOTATION)) {
    if (typeof image === "string") images.set(container, image);
  }
  return images;
}

/** The annotation's value with more images; null if there are none. */
export function storedImagesWith(
  pod: ObservedPod,
  images: Iterable<readonly [container: string, image: string]>,
): string | null {
  const all = new Map([...storedImages(pod), ...images]);
  return all.size === 0 ? null : goJson(all);
}

/** The annotation's value without the given containers, whose images will change; null removes the annotation. */
export function storedImagesWithout(pod: ObservedPod, containers: Iterable<string>): string | null {
  const images = new Map(storedImages(pod));
  for (const container of containers) images.delete(container);
  return images.size === 0 ? null : goJson(images);
}
