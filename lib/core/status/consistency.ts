import type { ObservedContainerStatus, ObservedPod } from "../observed_pod.ts";
import { readInPlaceStates, readRestartCounts } from "../annotations/inplace_state.ts";
import { readyCondition } from "./readiness.ts";
import { recordOf } from "./record.ts";
import { findContainer } from "./containers.ts";

/** Status of a container of the Pod, init containers included. */
export function containerStatus(
  pod: ObservedPod,
  name: string,
): ObservedContainerStatus | undefined {
  const named = (status: ObservedContainerStatus) => status.name === name;
  return pod.status?.containerStatuses?.find(named) ??
    pod.status?.initContainerStatuses?.find(named);
}

/**
 * Whether the kubelet runs the images in the Pod's spec for these containers. False only if a recorded image change
 * has not reached the kubelet, or a container has no status. A Pod without in-place changes is consistent, whatever
 * name its runtime reports for the image.
 * Source: `pkg/control/sidecarcontrol/sidecarset_control.go:IsPodStateConsistent`, with native sidecars (B-24), and
 * with restarts as proof: the name of an image or image id cannot prove that it does not run.
 */
export function isStateConsistent(
  pod: ObservedPod,
  sidecarSetName: string,
  containers: ReadonlySet<string>,
): boolean {
  const statuses = pod.status?.containerStatuses ?? [];
  if (pod.spec.containers.length !== statuses.length) return false;
  const states = readInPlaceStates(pod);
  if (states === undefined) return false;
  const state = states.get(sidecarSetName);
  if (state === undefined) return true;
  for (const [name, imageId] of state.lastImageIds) {
    if (!containers.has(name)) continue;
    const status = containerStatus(pod, name);
    const image = findContainer(pod, name)?.image;
    if (status === undefined || image === undefined) continue;
    if ((imageId ?? "") !== status.imageID || image === status.image) continue;
    const change = { sidecarSetName, image, recordedAt: Date.parse(state.updateTimestamp) };
    if (!hasRestarted(pod, status, change)) return false;
  }
  return true;
}

interface ImageChange {
  readonly sidecarSetName: string;
  readonly image: string;
  /** NaN if the record has no time. */
  readonly recordedAt: number;
}

/**
 * Whether a container was started after the last image change. The restart count needs no clock, but only this
 * program records it; otherwise the start time decides. An observed generation alone proves nothing: the kubelet
 * reports it before it stops the old container (`pkg/kubelet/kubelet.go:SyncPod`).
 */
function hasRestarted(
  pod: ObservedPod,
  status: ObservedContainerStatus,
  change: ImageChange,
): boolean {
  const { sidecarSetName, image, recordedAt } = change;
  const { restartCount = 0 } = status;
  const upgradedAt = Date.parse(recordOf(pod, sidecarSetName).full?.updateTimestamp ?? "");
  // Times are in whole seconds. OpenKruise never updates the time in its record (B-23).
  const changedAt = latest(recordedAt, upgradedAt);
  const startedAt = Date.parse(status.state?.running?.startedAt ?? "");
  const isAcknowledged = acknowledges(pod);
  const counts = readRestartCounts(pod).get(sidecarSetName);
  const before = counts?.byContainer.get(status.name);
  const isCurrent = counts !== undefined && !(upgradedAt > Date.parse(counts.updateTimestamp));
  if (before !== undefined && isCurrent) {
    // A crash just before the change also raises the count; the status then does not have the new generation.
    if (restartCount > before) return isAcknowledged !== false || startedAt >= changedAt;
    return startedAt > changedAt && isAcknowledged !== false;
  }
  if (isSameDigest(image, status.imageID) || startedAt > changedAt) return true;
  if (restartCount === 0 || isAcknowledged === false) return false;
  return startedAt === changedAt || (Number.isNaN(startedAt) && isAcknowledged === true);
}

/** Whether the kubelet has observed the current spec; undefined before Kubernetes 1.34. */
function acknowledges(pod: ObservedPod): boolean | undefined {
  const { generation } = pod.metadata;
  const observed = pod.status?.observedGeneration ?? readyCondition(pod)?.observedGeneration;
  return observed === undefined || generation === undefined ? undefined : observed >= generation;
}

function latest(a: number, b: number): number {
  if (Number.isNaN(a)) return b;
  return Number.isNaN(b) ? a : Math.max(a, b);
}

/** The parts of an image reference that identify its content. */
interface ImageDigest {
  readonly repository: string;
  readonly digest: string;
}

const DIGEST = /^(?<repository>[^@]+)@(?<digest>[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-f]{32,})$/;

/**
 * Whether an image is pinned by the digest in a container status' `imageID`, which some runtimes prefix with a
 * scheme such as `docker-pullable://`. A difference proves nothing: other runtimes report the digest of a
 * platform's manifest.
 */
export function isSameDigest(image: string, imageId: string): boolean {
  const pinned = imageDigest(image);
  if (pinned === undefined) return false;
  const scheme = imageId.indexOf("://");
  const found = imageDigest(scheme === -1 ? imageId : imageId.slice(scheme + 3));
  return found?.digest === pinned.digest && found.repository === pinned.repository;
}

/** The repository and digest of a digest-pinned image; undefined for any other reference. */
function imageDigest(image: string): ImageDigest | undefined {
  const groups = DIGEST.exec(image)?.groups;
  if (groups?.repository === undefined || groups.digest === undefined) return undefined;
  return { repository: canonical(withoutTag(groups.repository)), digest: groups.digest };
}

function withoutTag(name: string): string {
  const colon = name.lastIndexOf(":");
  return colon > name.lastIndexOf("/") ? name.slice(0, colon) : name;
}

/** Runtimes report the long form of Docker Hub's short names (`distribution/reference:splitDockerDomain`). */
function canonical(repository: string): string {
  const slash = repository.indexOf("/");
  const host = repository.slice(0, Math.max(slash, 0));
  if (slash !== -1 && (/[.:]/.test(host) || host === "localhost")) return repository;
  return slash === -1 ? `docker.io/library/${repository}` : `docker.io/${repository}`;
}
