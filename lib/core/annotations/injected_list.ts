import { INJECTED_ENV, INJECTED_LIST_ANNOTATION } from "../../api/names.ts";
import type { SidecarSet } from "../../api/sidecarset.ts";
import type { ObservedContainer, ObservedPod } from "../observed_pod.ts";
import { compareUtf8 } from "../json/go_json.ts";
import { containersOfPair, isHotUpgrade, isHotUpgradeInit } from "./hot_upgrade.ts";

/** Names in the injected-list annotation, unchecked: a Pod can carry a copied or forged list. */
export function injectedSidecarSets(pod: ObservedPod): readonly string[] {
  const text = pod.metadata.annotations?.[INJECTED_LIST_ANNOTATION];
  return text === undefined || text === "" ? [] : text.split(",");
}

/** The annotation's text: sorted, comma-separated, without duplicates. */
export function injectedListText(names: Iterable<string>): string {
  return [...new Set(names)].sort(compareUtf8).join(",");
}

/** Whether a container carries the mark that injection puts on its containers. */
export function isMarkedInjected(container: ObservedContainer): boolean {
  return container.env?.some((env) => env.name === INJECTED_ENV && env.value === "true") ?? false;
}

/**
 * Whether the SidecarSet is injected: the list names it, and the Pod has at least one of its containers with the
 * injection mark. The annotation alone proves nothing, as it can be copied from another Pod.
 */
export function isInjectedBy(pod: ObservedPod, sidecarSet: SidecarSet): boolean {
  const name = sidecarSet.metadata.name;
  if (name === undefined || !injectedSidecarSets(pod).includes(name)) return false;
  const { containers = [], initContainers = [] } = sidecarSet.spec;
  return containers.some((sidecar) =>
    isThere(pod.spec.containers, sidecar.name, isHotUpgrade(sidecar))
  ) || initContainers.some((sidecar) =>
    isThere(pod.spec.initContainers, sidecar.name, isHotUpgradeInit(sidecar))
  );
}

function isThere(
  present: readonly ObservedContainer[] | undefined,
  sidecar: string,
  isPair: boolean,
) {
  if (present === undefined) return false;
  const names: readonly string[] = isPair ? containersOfPair(sidecar) : [sidecar];
  return present.some((container) => names.includes(container.name) && isMarkedInjected(container));
}
