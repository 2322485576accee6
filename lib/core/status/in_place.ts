import type { ObservedPod } from "../observed_pod.ts";
import type { ResourceLists } from "../../api/container.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { hasAllContainers, hasCurrentPatches, recordOf } from "./record.ts";
import { resizeRefusal } from "./resize_refusal.ts";

/** How an outdated Pod gets the current revision. */
export type InPlaceChange =
  /** New images, and new resources by container if these differ too. */
  | { readonly kind: "Upgradable"; readonly resizes: ReadonlyMap<string, ResourceLists> }
  /** Only a replacement can have the current revision. */
  | { readonly kind: "NotUpgradable"; readonly message: string };

const NO_RESIZES: ReadonlyMap<string, ResourceLists> = new Map();
const IMAGES_ONLY: InPlaceChange = { kind: "Upgradable", resizes: NO_RESIZES };

/**
 * Whether an outdated Pod differs from the current revision only in what can be changed in a running Pod: images,
 * and with `resizePolicy: InPlace` also resources.
 * Source: `pkg/control/sidecarcontrol/sidecarset_control.go:IsSidecarSetUpgradable`; departures D-5 and B-32 for
 * Pods that lack a container.
 */
export function inPlaceChange(pod: ObservedPod, prepared: PreparedSidecarSet): InPlaceChange {
  if (!hasCurrentPatches(pod, prepared)) {
    return no("patchContainers differs from what the Pod was created with");
  }
  const { full, withoutImage } = recordOf(pod, prepared.name);
  if (withoutImage?.hash === prepared.hashWithoutImage) {
    return hasAllContainers(pod, prepared) ? IMAGES_ONLY : LACKS_CONTAINER;
  }
  const comparison = prepared.revisions?.of({
    hash: full?.hash,
    hashWithoutImage: withoutImage?.hash,
  });
  if (comparison === undefined) {
    return no("more than images differs from what the Pod was created with");
  }
  const { obstacle, resizes } = comparison;
  if (obstacle !== undefined) return no(obstacle);
  if (!hasAllContainers(pod, prepared)) return LACKS_CONTAINER;
  if (resizes.size > 0 && prepared.hasResize === false) {
    return no(
      "resources differ, and the API server has no pods/resize, which is stable since Kubernetes 1.35",
    );
  }
  const refusal = resizeRefusal(pod, resizes) ?? refusedResize(pod, { prepared, resizes });
  return refusal === undefined ? { kind: "Upgradable", resizes } : no(refusal);
}

/** What the API server answered to the same resize: asking again cannot help. */
function refusedResize(
  pod: ObservedPod,
  { prepared, resizes }: {
    prepared: PreparedSidecarSet;
    resizes: ReadonlyMap<string, ResourceLists>;
  },
): string | undefined {
  if (resizes.size === 0) return undefined;
  const message = prepared.refusedResizes?.messageOf(pod, prepared);
  return message === undefined ? undefined : `the API server refuses the resize: ${message}`;
}

function no(message: string): InPlaceChange {
  return { kind: "NotUpgradable", message };
}

const LACKS_CONTAINER = no("the Pod lacks a container of the SidecarSet");
