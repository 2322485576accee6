import { HOT_UPGRADE_SUFFIXES } from "../../api/names.ts";
import type { SidecarContainer } from "../../api/sidecar_container.ts";
import type { SidecarSet } from "../../api/sidecarset.ts";

type List = "containers" | "initContainers";

/** Names that a SidecarSet adds to a Pod and that must be unique. */
export interface Footprint {
  /** Origin of a container name: the list in the spec, or the Pod. */
  readonly containers: ReadonlyMap<string, string>;
  readonly volumes: ReadonlyMap<string, { readonly path: string; readonly volume: unknown }>;
  readonly annotations: ReadonlyMap<string, { readonly path: string; readonly policy: string }>;
}

/** The footprint, with the field path of each name. */
export function footprintOf({ spec }: SidecarSet): Footprint {
  const containers = new Map<string, string>();
  for (const list of ["containers", "initContainers"] as const) {
    for (const [i, container] of (spec[list] ?? []).entries()) {
      for (const name of containerKeys(container, list)) {
        containers.set(name, `spec.${list}[${i}].name`);
      }
    }
  }
  return {
    containers,
    volumes: new Map(
      (spec.volumes ?? []).map((
        volume,
        i,
      ) => [volume.name, { path: `spec.volumes[${i}]`, volume }]),
    ),
    annotations: new Map(
      (spec.patchPodMetadata ?? []).flatMap(({ annotations = {}, patchPolicy = "Retain" }, i) =>
        Object.keys(annotations).map((key) => [key, {
          path: `spec.patchPodMetadata[${i}].annotations[${key}]`,
          policy: patchPolicy,
        }])
      ),
    ),
  };
}

/**
 * Names of a container that can conflict: its name in the spec within its list, as upgrades find it by that, and
 * its names in the Pod among containers of both lists.
 */
export function containerKeys(container: SidecarContainer, list: List): string[] {
  const { name, upgradeStrategy } = container;
  const isPair = upgradeStrategy?.upgradeType === "HotUpgrade" &&
    (list === "containers" || container.restartPolicy === "Always");
  const podNames = isPair ? HOT_UPGRADE_SUFFIXES.map((suffix) => `${name}${suffix}`) : [name];
  return [`${list}/${name}`, ...podNames.map((podName) => `Pod/${podName}`)];
}
