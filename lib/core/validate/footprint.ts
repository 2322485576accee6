import { HOT_UPGRADE_SUFFIXES } from "../../api/names.ts";
import type { SidecarContainer } from "../../api/sidecar_container.ts";
import type { SidecarSet } from "../../api/sidecarset.ts";

type List = "containers" | "initContainers";

/** What a SidecarSet brings to a Pod, by the names that must not be brought twice. */
export interface Footprint {
  /** Where a name of a container comes from: those in the spec with their list, and those in the Pod. */
  readonly containers: ReadonlyMap<string, string>;
  readonly volumes: ReadonlyMap<string, { readonly path: string; readonly volume: unknown }>;
  readonly annotations: ReadonlyMap<string, { readonly path: string; readonly policy: string }>;
}

/** The footprint with the path of the field that each part comes from. */
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
 * Names under which a container can clash: its name in the spec, within its own list, for upgrades find it by that; and the
 * names it gets in the Pod, among containers of either kind.
 */
export function containerKeys(container: SidecarContainer, list: List): string[] {
  const { name, upgradeStrategy } = container;
  const isPair = upgradeStrategy?.upgradeType === "HotUpgrade" &&
    (list === "containers" || container.restartPolicy === "Always");
  const podNames = isPair ? HOT_UPGRADE_SUFFIXES.map((suffix) => `${name}${suffix}`) : [name];
  return [`${list}/${name}`, ...podNames.map((podName) => `Pod/${podName}`)];
}
