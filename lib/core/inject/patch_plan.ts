import type { EnvVar } from "../../api/container.ts";
import type { PatchContainers } from "../../api/patch_containers.ts";
import { compilePattern } from "../pattern.ts";
import type { Obstacle } from "../reasons.ts";
import { member } from "./fields.ts";
import type { ContainerList } from "./sidecar_plan.ts";

/** One item of `spec.patchContainers`, with its targets compiled. */
export interface PlannedPatch {
  /** `spec.patchContainers[0]` */
  readonly field: string;
  readonly patch: PatchContainers;
  targets(container: { readonly name: string; readonly list: ContainerList }): boolean;
}

/** Plans `spec.patchContainers`, or returns why it is not valid; a pinned revision may be older than validation. */
export function planPatches(
  patches: readonly PatchContainers[] = [],
): readonly PlannedPatch[] | Obstacle {
  const planned: PlannedPatch[] = [];
  for (const [i, patch] of patches.entries()) {
    const field = `spec.patchContainers[${i}]`;
    const { names, nameRegex } = patch;
    const pattern = nameRegex === undefined ? undefined : compilePattern(nameRegex);
    if (pattern?.ok === false) {
      return { reason: "InvalidSidecarSet", message: `${field}.nameRegex ${pattern.problem}` };
    }
    planned.push({
      ...{ field, patch },
      targets: ({ name, list }) =>
        names === undefined
          ? list === "containers" && (pattern?.matches(name) ?? true)
          : names.includes(name),
    });
  }
  return planned;
}

/** Names of the volumes that a patch mounts or reads variables from. */
export function volumesOfPatch({ env = [], volumeMounts = [] }: PatchContainers): string[] {
  return [...volumeMounts.map(({ name }) => name), ...volumesOfFiles(env)];
}

/** Volumes with files that variables are read from; they need no mount. */
export function volumesOfFiles(env: readonly EnvVar[]): string[] {
  return env.flatMap(({ valueFrom }) => {
    const { volumeName } = member(valueFrom, "fileKeyRef");
    return typeof volumeName === "string" ? [volumeName] : [];
  });
}
