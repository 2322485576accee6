import type { Pod } from "../../api/pod.ts";
import type { ConditionReason } from "../condition_reasons.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { containerStatus, isStateConsistent } from "../status/consistency.ts";
import { hasAllContainers, recordOf } from "../status/record.ts";
import { sidecarContainerNames } from "../status/sidecars.ts";

/** Whether an outdated Pod can be updated in place, and if not, why. */
export type Upgradability =
  | { readonly kind: "Upgradable" }
  /** An earlier update has not reached the kubelet yet: later. */
  | { readonly kind: "InFlight"; readonly container: string }
  /** Never: only a new Pod will have the current revision. */
  | { readonly kind: "NotUpgradable"; readonly reason: ConditionReason; readonly message: string };

/**
 * Tells whether an outdated Pod can be updated in place now. A container that is not ready may be changed again at
 * once, so that a bad image can be replaced by a good one.
 * Source: `pkg/control/sidecarcontrol/sidecarset_control.go:IsSidecarSetUpgradable`; Pods that lack a container as
 * departures D-5 and B-32 have it.
 */
export function upgradability(pod: Pod, prepared: PreparedSidecarSet): Upgradability {
  const recorded = recordOf(pod, prepared.name).withoutImage?.hash;
  if (recorded !== prepared.hashWithoutImage) {
    return notUpgradable("more than images differs from what the Pod was created with");
  }
  if (!hasAllContainers(pod, prepared)) {
    return notUpgradable("the Pod lacks a container of the SidecarSet");
  }
  for (const container of [...sidecarContainerNames(prepared.sidecarSet)].sort()) {
    const ready = containerStatus(pod, container)?.ready === true;
    if (ready && !isStateConsistent(pod, prepared.name, new Set([container]))) {
      return { kind: "InFlight", container };
    }
  }
  return { kind: "Upgradable" };
}

function notUpgradable(message: string): Upgradability {
  return { kind: "NotUpgradable", reason: "NotUpgradable", message };
}
