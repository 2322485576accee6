import type { PodCondition } from "../../api/pod.ts";
import type { SidecarContainer } from "../../api/sidecar_container.ts";
import { type ObservedPod, podCondition } from "../observed_pod.ts";
import {
  containersOfPair,
  isHotUpgrade,
  versionAnnotation,
  workingContainers,
} from "../annotations/hot_upgrade.ts";
import { storedImages } from "../annotations/image_records.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { isUnchanged } from "./record.ts";
import { findContainer, runningSidecars } from "./containers.ts";

/** The Pod's `Ready` condition. */
export function readyCondition(pod: ObservedPod): PodCondition | undefined {
  return podCondition(pod, "Ready");
}

/** Whether the Pod has not terminated and is not being deleted (`kubecontroller.IsPodActive`). */
export function isActive(pod: ObservedPod): boolean {
  const phase = pod.status?.phase;
  return phase !== "Succeeded" && phase !== "Failed" &&
    typeof pod.metadata.deletionTimestamp !== "string";
}

/** Whether the Pod runs, is ready and is not being deleted. */
export function isRunningAndReady(pod: ObservedPod): boolean {
  return pod.status?.phase === "Running" && pod.metadata.deletionTimestamp === undefined &&
    readyCondition(pod)?.status === "True";
}

/** The two containers of a hot-upgrade sidecar in a Pod. */
interface HotPair {
  readonly working: string;
  readonly idle: string;
}

/**
 * The working half; the second if the Pod does not record it
 * (`pkg/control/sidecarcontrol:GetPodHotUpgradeContainers`).
 */
export function hotPair(sidecar: string, working: ReadonlyMap<string, string>): HotPair {
  const [first, second] = containersOfPair(sidecar);
  return working.get(sidecar) === first
    ? { working: first, idle: second }
    : { working: second, idle: first };
}

/**
 * Whether a half of a hot-upgrade pair has the empty image. If the Pod was injected by another template
 * (`sameTemplate` false), or a webhook changed the image, the version annotation decides, as the empty image may
 * differ (B-19).
 */
export function isEmptyHalf(
  pod: ObservedPod,
  container: string,
  expected: { readonly emptyImage: string | undefined; readonly sameTemplate: boolean },
): boolean {
  const image = findContainer(pod, container)?.image;
  if (image === expected.emptyImage) return true;
  const version = pod.metadata.annotations?.[versionAnnotation(container)];
  if (!expected.sameTemplate) return (version ?? "0") === "0";
  return version === "0" && image !== undefined &&
    (isUnchanged(pod) || storedImages(pod).get(container) === image);
}

/** Hot-upgrade sidecars with a real image in both halves, with their halves: unfinished upgrades. */
export function unfinishedPairs(
  pod: ObservedPod,
  prepared: PreparedSidecarSet,
  sameTemplate: boolean,
): { readonly sidecar: SidecarContainer; readonly pair: HotPair }[] {
  const hot = runningSidecars(prepared.sidecarSet).filter(isHotUpgrade);
  if (hot.length === 0) return [];
  const working = workingContainers(pod);
  return hot
    .map((sidecar) => ({ sidecar, pair: hotPair(sidecar.name, working) }))
    .filter(({ sidecar, pair }) => {
      const emptyImage = sidecar.upgradeStrategy?.hotUpgradeEmptyImage;
      return !isEmptyHalf(pod, pair.idle, { emptyImage, sameTemplate });
    });
}
