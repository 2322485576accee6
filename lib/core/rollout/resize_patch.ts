import type { ObservedContainer, ObservedPod } from "../observed_pod.ts";
import type { ResourceLists } from "../../api/container.ts";
import { type Preconditions, preconditionsOf } from "../../api/meta.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { hasAmounts } from "../quantity/resource_lists.ts";
import { isNativeSidecar } from "../status/containers.ts";
import { inPlaceChange } from "../status/in_place.ts";

/**
 * Body of the strategic merge patch of `pods/resize` that comes before the update's own patch. The API server ignores
 * anything but resources in it.
 */
export interface ResizePatch {
  /** The API server refuses the patch of a recreated or changed Pod. */
  readonly metadata: Preconditions;
  readonly spec: {
    readonly containers?: readonly ContainerResources[];
    readonly initContainers?: readonly ContainerResources[];
  };
}

interface ContainerResources {
  readonly name: string;
  readonly resources: ResourceLists;
}

/** New resources by container that bring an outdated Pod to the current revision; empty if it only lacks images. */
export function resizesOf(
  pod: ObservedPod,
  prepared: PreparedSidecarSet,
): ReadonlyMap<string, ResourceLists> {
  const change = inPlaceChange(pod, prepared);
  return change.kind === "Upgradable" ? change.resizes : new Map();
}

/** Undefined if the Pod's spec has these resources, as after an interruption between both patches. */
export function resizePatch(
  pod: ObservedPod,
  resizes: ReadonlyMap<string, ResourceLists>,
): ResizePatch | undefined {
  const changed = (container: ObservedContainer): ContainerResources[] => {
    const resources = resizes.get(container.name);
    if (resources === undefined || hasAmounts(container.resources, resources)) return [];
    return [{ name: container.name, resources }];
  };
  const spec = listsWith(pod, changed);
  return spec === undefined ? undefined : { metadata: preconditionsOf(pod), spec };
}

/** Each container is in its own list; a change of a plain init container would have no effect. */
export function listsWith<T>(
  { spec }: ObservedPod,
  changed: (container: ObservedContainer) => T[],
): { readonly containers?: T[]; readonly initContainers?: T[] } | undefined {
  const containers = spec.containers.flatMap(changed);
  const initContainers = (spec.initContainers ?? []).filter(isNativeSidecar).flatMap(changed);
  if (containers.length === 0 && initContainers.length === 0) return undefined;
  return {
    ...(containers.length === 0 ? {} : { containers }),
    ...(initContainers.length === 0 ? {} : { initContainers }),
  };
}
