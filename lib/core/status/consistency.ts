import type { Container } from "../../api/container.ts";
import type { ContainerStatus, Pod } from "../../api/pod.ts";
import { readInPlaceStates } from "../annotations/inplace_state.ts";
import { imageDigest, imageIdDigest } from "./image.ts";
import { isNativeSidecar } from "./sidecars.ts";

/** Status of a container of the Pod, init containers included. */
export function containerStatus(pod: Pod, name: string): ContainerStatus | undefined {
  const named = (status: ContainerStatus) => status.name === name;
  return pod.status?.containerStatuses?.find(named) ??
    pod.status?.initContainerStatuses?.find(named);
}

/**
 * Whether the kubelet runs what the Pod's spec says for the given containers, as far as their images tell: an update
 * in place that is still on its way makes it false. Containers that the Pod lacks do not matter.
 * Source: `pkg/control/sidecarcontrol/sidecarset_control.go:IsPodStateConsistent`, native sidecars added (B-24).
 */
export function isStateConsistent(
  pod: Pod,
  sidecarSetName: string,
  containers: ReadonlySet<string>,
): boolean {
  const statuses = pod.status?.containerStatuses ?? [];
  if (pod.spec.containers.length !== statuses.length) return false;
  const chosen = (container: Container) => containers.has(container.name);
  const native = pod.spec.initContainers?.filter(isNativeSidecar).filter(chosen) ?? [];
  for (const container of [...pod.spec.containers.filter(chosen), ...native]) {
    const wanted = imageDigest(container.image);
    if (wanted === undefined) return recordedChangesHaveArrived(pod, sidecarSetName, containers);
    const status = containerStatus(pod, container.name);
    const found = status === undefined ? undefined : imageIdDigest(status.imageID);
    if (found?.digest !== wanted.digest || found.repository !== wanted.repository) return false;
  }
  return true;
}

/** A tag does not say which content it means, so a changed image id, or the new image's name, is the sign that it runs. */
function recordedChangesHaveArrived(
  pod: Pod,
  sidecarSetName: string,
  containers: ReadonlySet<string>,
): boolean {
  const states = readInPlaceStates(pod);
  if (states === undefined) return false;
  const recorded = states.get(sidecarSetName)?.lastImageIds;
  if (recorded === undefined) return true;
  for (const [name, imageId] of recorded) {
    if (!containers.has(name)) continue;
    const status = containerStatus(pod, name);
    if (status === undefined || (imageId ?? "") !== status.imageID) continue;
    const container = pod.spec.containers.find((candidate) => candidate.name === name) ??
      pod.spec.initContainers?.find((candidate) => candidate.name === name);
    if (container !== undefined && container.image !== status.image) return false;
  }
  return true;
}
