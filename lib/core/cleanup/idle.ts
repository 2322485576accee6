import type { ObservedPod } from "../observed_pod.ts";
import { idleRecords, idleRecordsText } from "../annotations/image_records.ts";
import type { ContainerImage } from "../rollout/pod_update.ts";
import { containerStatus } from "../status/consistency.ts";
import { findContainer, isNativeSidecar } from "../status/containers.ts";

/** New images for containers, and the annotation's new text; null removes the annotation. */
export interface ImageSwap {
  readonly images: readonly ContainerImage[];
  readonly annotation: string | null;
}

/** Sets the idle image in running containers; undefined if all of them are idle already. */
export function makeIdle(
  pod: ObservedPod,
  { containers, idleImage }: { containers: readonly string[]; idleImage: string },
): ImageSwap | undefined {
  const records = new Map(idleRecords(pod));
  const images: ContainerImage[] = [];
  for (const name of containers) {
    const image = findContainer(pod, name)?.image;
    if (image === undefined || image === idleImage) continue;
    images.push({ name, image: idleImage });
    const restarts = containerStatus(pod, name)?.restartCount ?? 0;
    records.set(name, { image: records.get(name)?.image ?? image, restarts });
  }
  return images.length === 0 ? undefined : { images, annotation: idleRecordsText(records) };
}

/** Restores the images of idle containers that are needed again; undefined if there are none. */
export function endIdle(pod: ObservedPod, stillSurplus: readonly string[]): ImageSwap | undefined {
  const records = idleRecords(pod);
  const again = [...records].filter(([name]) => !stillSurplus.includes(name));
  if (again.length === 0) return undefined;
  const images = again.flatMap(([name, { image }]) => {
    const container = findContainer(pod, name);
    return container === undefined || container.image === image ? [] : [{ name, image }];
  });
  const kept = new Map([...records].filter(([name]) => stillSurplus.includes(name)));
  return { images, annotation: idleRecordsText(kept) };
}

/** Whether the kubelet has not applied a change to an idle image yet; the Pod can become unready at any moment. */
function isBecomingIdle(pod: ObservedPod): boolean {
  return [...idleRecords(pod)].some(([name, { restarts }]) =>
    (containerStatus(pod, name)?.restartCount ?? 0) <= restarts
  );
}

/** Whether an idle container does not run its idle image yet, or is not ready with it. */
export function isSettlingIdle(pod: ObservedPod): boolean {
  return isBecomingIdle(pod) ||
    [...idleRecords(pod).keys()].some((name) => containerStatus(pod, name)?.ready === false);
}

/** The spec of a strategic merge patch that sets these images, each container in its list. */
export function imagesInLists(pod: ObservedPod, images: readonly ContainerImage[]) {
  const native = (pod.spec.initContainers ?? []).filter(isNativeSidecar);
  const initContainers = images.filter(({ name }) => native.some((each) => each.name === name));
  const containers = images.filter((image) => !initContainers.includes(image));
  return {
    ...(containers.length > 0 ? { containers } : {}),
    ...(initContainers.length > 0 ? { initContainers } : {}),
  };
}
