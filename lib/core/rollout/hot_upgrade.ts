import type { SidecarContainer } from "../../api/sidecar_container.ts";
import type { ObservedPod } from "../observed_pod.ts";
import {
  containersOfPair,
  versionAltAnnotation,
  versionAnnotation,
  workingContainers,
} from "../annotations/hot_upgrade.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { containerStatus, isStateConsistent } from "../status/consistency.ts";
import { recordOf } from "../status/record.ts";
import { hotPair, isEmptyHalf, isRunningAndReady, unfinishedPairs } from "../status/readiness.ts";
import { findContainer, sidecarContainerNames } from "../status/containers.ts";

/** New images by container, and their annotations. */
export interface ImageChanges {
  readonly images: ReadonlyMap<string, string>;
  readonly annotations: ReadonlyMap<string, string>;
  /** New working container by sidecar. */
  readonly working: ReadonlyMap<string, string>;
}

/**
 * First step of a hot upgrade: the idle half gets the new image and becomes the working one. Both halves run a real
 * image until {@linkcode planFlip} empties the old one. If the serving half already has the image (a roll-back
 * during an upgrade), the other half is emptied.
 * Source: `pkg/control/sidecarcontrol/sidecarset_hotupgrade.go:updateHotUpgradeContainerInPod`.
 *
 * @returns undefined if nothing changes
 */
export function hotUpgradeStep(
  pod: ObservedPod,
  prepared: PreparedSidecarSet,
  sidecar: SidecarContainer,
): ImageChanges | undefined {
  const target = upgradeTarget(pod, prepared.name, sidecar);
  const [first, second] = containersOfPair(sidecar.name);
  const counterpart = target === first ? second : first;
  const { image } = sidecar;
  const emptyImage = sidecar.upgradeStrategy?.hotUpgradeEmptyImage;
  if (image === undefined || emptyImage === undefined) return undefined;
  if (findContainer(pod, counterpart)?.image === image) {
    if (isEmptyHalf(pod, target, { emptyImage, sameTemplate: true })) return undefined;
    return {
      images: new Map([[target, emptyImage]]),
      annotations: new Map([
        [versionAnnotation(target), "0"],
        [versionAltAnnotation(counterpart), "0"],
      ]),
      working: new Map([[sidecar.name, counterpart]]),
    };
  }
  const version = prepared.sidecarSet.metadata.resourceVersion ?? "";
  const oldVersion = pod.metadata.annotations?.[versionAnnotation(counterpart)] ?? "";
  return {
    images: new Map([[target, image]]),
    annotations: new Map([
      [versionAnnotation(target), version],
      [versionAltAnnotation(target), oldVersion],
      [versionAltAnnotation(counterpart), version],
    ]),
    working: new Map([[sidecar.name, target]]),
  };
}

/** The half to change: the empty one; if both run real images, the one that is not ready, else the idle one. */
function upgradeTarget(
  pod: ObservedPod,
  sidecarSetName: string,
  sidecar: SidecarContainer,
): string {
  const pair = containersOfPair(sidecar.name);
  const emptyImage = sidecar.upgradeStrategy?.hotUpgradeEmptyImage;
  const empty = pair.find((half) => isEmptyHalf(pod, half, { emptyImage, sameTemplate: true }));
  if (empty !== undefined) return empty;
  const [first, second] = pair;
  const firstIsUp = isUp(pod, sidecarSetName, first);
  const secondIsUp = isUp(pod, sidecarSetName, second);
  if (firstIsUp !== secondIsUp) return firstIsUp ? second : first;
  return hotPair(sidecar.name, workingContainers(pod)).idle;
}

function isUp(pod: ObservedPod, sidecarSetName: string, container: string): boolean {
  return containerStatus(pod, container)?.ready === true &&
    isStateConsistent(pod, sidecarSetName, new Set([container]));
}

/**
 * Second step of a hot upgrade: when the working halves are ready, the others get the empty image. It completes a
 * started upgrade, so budget, partition and pausing do not apply (B-20). It never changes a half with another empty
 * image (B-19), nor a pair whose working half is empty.
 * Source: `pkg/controller/sidecarset/sidecarset_hotupgrade.go:flipHotUpgradingContainers`.
 *
 * @returns undefined if there is nothing to complete, or the new halves are not ready yet
 */
export function planFlip(pod: ObservedPod, prepared: PreparedSidecarSet): ImageChanges | undefined {
  const { name, sidecarSet } = prepared;
  const sameTemplate = recordOf(pod, name).withoutImage?.hash === prepared.hashWithoutImage;
  const unfinished = unfinishedPairs(pod, prepared, sameTemplate).filter(({ sidecar, pair }) => {
    const emptyImage = sidecar.upgradeStrategy?.hotUpgradeEmptyImage;
    return !isEmptyHalf(pod, pair.working, { emptyImage, sameTemplate: true });
  });
  if (unfinished.length === 0) return undefined;
  const idle = new Set(unfinished.map(({ pair }) => pair.idle));
  const others = sidecarContainerNames(sidecarSet).difference(idle);
  if (!isStateConsistent(pod, name, others)) return undefined;
  const statuses = pod.status?.containerStatuses ?? [];
  const othersReady = statuses.every((status) => status.ready || idle.has(status.name));
  if (!isRunningAndReady(pod) && !othersReady) return undefined;
  const images = new Map<string, string>();
  const annotations = new Map<string, string>();
  for (const { sidecar, pair } of unfinished) {
    const emptyImage = sidecar.upgradeStrategy?.hotUpgradeEmptyImage;
    if (emptyImage === undefined) continue;
    images.set(pair.idle, emptyImage);
    annotations.set(versionAnnotation(pair.idle), "0");
    annotations.set(versionAltAnnotation(pair.working), "0");
  }
  return { images, annotations, working: new Map() };
}
