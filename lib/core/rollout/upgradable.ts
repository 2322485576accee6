import type { Pod } from "../../api/pod.ts";
import type { ConditionReason } from "../condition_reasons.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { containerStatus, isStateConsistent } from "../status/consistency.ts";
import { hasAllContainers, recordOf } from "../status/record.ts";
import { sidecarContainerNames } from "../status/sidecars.ts";

/** Whether an outdated Pod can be updated in place, and if not, why. */
export type Upgradability =
  | { readonly kind: "Upgradable" }
  /** Later: the kubelet has not applied an earlier update yet. */
  | { readonly kind: "InFlight"; readonly container: string }
  /** Never: only a replacement can have the current revision. */
  | { readonly kind: "NotUpgradable"; readonly reason: ConditionReason; readonly message: string };

/**
 * Whether an outdated Pod can be updated in place now. A container that is not ready may be changed again
 * immediately, so that a good image can replace a bad one.
 * Source: `pkg/control/sidecarcontrol/sidecarset_control.go:IsSidecarSetUpgradable`; departures D-5 and B-32 for
 * Pods that lack a container.
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
