import type { ObservedPod } from "../../../lib/core/observed_pod.ts";
import { readInPlaceStates } from "../../../lib/core/annotations/inplace_state.ts";
import type { PreparedSidecarSet } from "../../../lib/core/prepared.ts";
import {
  containerStatus,
  isSameDigest,
  isStateConsistent,
} from "../../../lib/core/status/consistency.ts";
import { findContainer, sidecarContainerNames } from "../../../lib/core/status/containers.ts";

/**
 * OpenKruise's reading of whether a kubelet runs the images of a Pod (`IsPodStateConsistent`); the program's own where
 * the departure `digest` is taken.
 */
export function isConsistent(
  pod: ObservedPod,
  { name }: PreparedSidecarSet,
  { containers, corrected }: {
    readonly containers: ReadonlySet<string>;
    readonly corrected: ReadonlySet<string>;
  },
): boolean {
  if (corrected.has("digest")) return isStateConsistent(pod, name, containers);
  if (pod.spec.containers.length !== pod.status?.containerStatuses?.length) return false;
  for (const { name: container, image = "" } of pod.spec.containers) {
    if (!containers.has(container)) continue;
    if (!isPinned(image)) return hasArrived(pod, { name, containers });
    if (!isSameDigest(image, containerStatus(pod, container)?.imageID ?? "")) return false;
  }
  return true;
}

/** The same for all containers of the SidecarSet. */
export function isWholeConsistent(
  pod: ObservedPod,
  prepared: PreparedSidecarSet,
  corrected: ReadonlySet<string>,
): boolean {
  const containers = sidecarContainerNames(prepared.sidecarSet);
  return isConsistent(pod, prepared, { containers, corrected });
}

/** Whether a Pod that was never changed in place has a sidecar whose digest is not the one that the runtime reports. */
export function hasForeignDigest(
  pod: ObservedPod,
  { name, sidecarSet }: PreparedSidecarSet,
): boolean {
  if (readInPlaceStates(pod)?.has(name) !== false) return false;
  return [...sidecarContainerNames(sidecarSet)].some((container) => {
    const image = findContainer(pod, container)?.image ?? "";
    const { imageID = "" } = containerStatus(pod, container) ?? {};
    return isPinned(image) && !isSameDigest(image, imageID);
  });
}

function isPinned(image: string): boolean {
  return isSameDigest(image, image);
}

function hasArrived(
  pod: ObservedPod,
  { name, containers }: { readonly name: string; readonly containers: ReadonlySet<string> },
): boolean {
  const states = readInPlaceStates(pod);
  if (states === undefined) return false;
  return [...states.get(name)?.lastImageIds ?? []].every(([container, imageId]) => {
    const status = containerStatus(pod, container);
    if (!containers.has(container) || status === undefined) return true;
    return (imageId ?? "") !== status.imageID ||
      findContainer(pod, container)?.image === status.image;
  });
}
