import type { Pod } from "../../api/pod.ts";
import {
  STORED_IMAGES_ANNOTATION,
  storedImages,
  storedImagesWith,
} from "../annotations/stored_images.ts";
import { fitsAnnotations } from "../pod_metadata/annotation_size.ts";
import type { Present } from "./choose.ts";
import type { Occupied } from "./occupied.ts";
import { isLongRunning } from "./sidecar_plan.ts";

/**
 * The annotation that records images other webhooks set in containers of an earlier call. The API server calls
 * again after such a change, so a second call sees them. Drift is then compared with the recorded images, not with
 * the SidecarSet's.
 *
 * @param changes annotations that the same patch changes
 */
export function rewrittenImages(
  present: readonly Present[],
  { pod, occupied, changes }: {
    readonly pod: Pod;
    readonly occupied: Pick<Occupied, "places" | "ours">;
    readonly changes: ReadonlyMap<string, string>;
  },
): ReadonlyMap<string, string> {
  const { places, ours } = occupied;
  const known = storedImages(pod);
  const images = new Map<string, string>();
  const sidecars = present.flatMap(({ plan }) => plan?.sidecars ?? []);
  for (
    const { name, container } of sidecars.filter(isLongRunning).flatMap(({ containers }) =>
      containers
    )
  ) {
    const image = ours.containers.has(name) ? places.get(name)?.container.image : undefined;
    if (image === undefined || image === (known.get(name) ?? container.image)) continue;
    images.set(name, image);
  }
  if (images.size === 0) return images;
  const record = storedImagesWith(pod, images) ?? "";
  const annotations = { ...pod.metadata.annotations, ...Object.fromEntries(changes) };
  const isSmall = fitsAnnotations({ ...annotations, [STORED_IMAGES_ANNOTATION]: record });
  return isSmall ? new Map([[STORED_IMAGES_ANNOTATION, record]]) : new Map();
}
