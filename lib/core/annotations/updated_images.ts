import { isObject } from "../../api/json.ts";
import type { ObservedPod } from "../observed_pod.ts";
import { goJson } from "../json/go_json.ts";
import { membersIn, textWithout } from "./json_records.ts";

/**
 * Images that a Pod got without the rest of their revision (`partialUpdatePolicy: Images`), as JSON by SidecarSet. The
 * hash annotations still name the revision of everything else. OpenKruise ignores it.
 */
export const UPDATED_IMAGES_ANNOTATION = "kruise.io/sidecarset-updated-images";

/** The images of one SidecarSet that are newer than the Pod's recorded revision. */
interface UpdatedImages {
  /** RFC 3339. */
  readonly updateTimestamp: string;
  /** Name of the ControllerRevision with these images; empty if it was not stored yet. */
  readonly controllerRevision: string;
  readonly bySidecar: ReadonlyMap<string, string>;
}

/** The records by SidecarSet; empty if absent or unreadable. */
export function readUpdatedImages(pod: ObservedPod): ReadonlyMap<string, UpdatedImages> {
  const records = new Map<string, UpdatedImages>();
  for (const [name, entry] of membersIn(pod, UPDATED_IMAGES_ANNOTATION)) {
    if (!isObject(entry) || !isObject(entry.images)) continue;
    const { updateTimestamp, controllerRevision } = entry;
    const images = Object.entries(entry.images).filter((each): each is [string, string] =>
      typeof each[1] === "string"
    );
    records.set(name, {
      updateTimestamp: typeof updateTimestamp === "string" ? updateTimestamp : "",
      controllerRevision: typeof controllerRevision === "string" ? controllerRevision : "",
      bySidecar: new Map(images),
    });
  }
  return records;
}

/** The annotation's text with the record of one SidecarSet replaced. */
export function updatedImagesText(
  pod: ObservedPod,
  sidecarSet: string,
  record: UpdatedImages,
): string {
  return textOf(new Map(readUpdatedImages(pod)).set(sidecarSet, record));
}

/** The annotation's text without a SidecarSet's record; null removes the annotation, undefined leaves it. */
export function updatedImagesWithout(
  pod: ObservedPod,
  sidecarSet: string,
): string | null | undefined {
  return textWithout(readUpdatedImages(pod), sidecarSet, textOf);
}

function textOf(records: ReadonlyMap<string, UpdatedImages>): string {
  return goJson(
    new Map(
      [...records].map(([name, { updateTimestamp, controllerRevision, bySidecar }]) => [
        name,
        { updateTimestamp, controllerRevision, images: bySidecar },
      ]),
    ),
  );
}
