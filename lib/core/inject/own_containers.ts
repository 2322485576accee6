import type { Container } from "../../api/container.ts";
import { type JsonPatchOperation, ownMember } from "../../api/json.ts";
import type { PatchContainers } from "../../api/patch_containers.ts";
import { isMarkedInjected } from "../annotations/injected_list.ts";
import type { PodPatchRecord, PodPatchRecords } from "../annotations/pod_patches.ts";
import type { Obstacle } from "../reasons.ts";
import { patchContainer } from "./container_patches.ts";
import { items } from "./fields.ts";
import type { Occupied, Place } from "./occupied.ts";
import { insertions } from "./operations.ts";
import { volumesOfPatch } from "./patch_plan.ts";
import type { SidecarSetPlan } from "./sidecarset_plan.ts";

/** The patches of one SidecarSet, applied to a Pod's own containers. */
export interface AppliedPatches {
  /** By name. */
  readonly containers: ReadonlyMap<string, Container>;
  /** Undefined without patches. */
  readonly record: PodPatchRecord | undefined;
  /** Names of the volumes that the patched containers use. */
  readonly volumes: ReadonlySet<string>;
  /** Fields of the patches that find no container. */
  readonly untargeted: readonly string[];
}

const UNPATCHED: AppliedPatches = {
  containers: new Map(),
  record: undefined,
  volumes: new Set(),
  untargeted: [],
};

/** The Pod's own containers, as SidecarSets patch them one after the other. */
export class OwnContainers {
  readonly #occupied: Occupied;
  readonly #records: PodPatchRecords;
  readonly #patched = new Map<string, Container>();

  /** @param records Those of all SidecarSets so far. */
  constructor(occupied: Occupied, records: PodPatchRecords) {
    this.#occupied = occupied;
    this.#records = records;
  }

  /**
   * Applies the patches of a SidecarSet, without keeping the result.
   *
   * @param options `isPresent`: an earlier call has injected the SidecarSet, so that what no longer fits is left out
   * @returns why a patch does not fit
   */
  apply(
    { name, prepared, patches, patchVolumes }: SidecarSetPlan,
    { isPresent }: { readonly isPresent: boolean },
  ): AppliedPatches | Obstacle {
    if (patches.length === 0) return UNPATCHED;
    const known = this.#records.get(name);
    const containers = new Map<string, Container>();
    const records = new Map(Object.entries(known?.containers ?? {}));
    const volumes = new Set<string>();
    const untargeted: string[] = [];
    for (const [i, { field, patch, targets }] of patches.entries()) {
      const targeted = this.#own().filter(({ list, container }) =>
        targets({ name: container.name, list })
      );
      if (targeted.length === 0) untargeted.push(field);
      else for (const volume of volumesOfPatch(patch)) volumes.add(volume);
      for (const { list, container: given } of targeted) {
        const target = given.name;
        const result = patchContainer(patch, {
          container: containers.get(target) ?? this.#patched.get(target) ?? given,
          known: records.get(target),
          earlier: isPresent ? ownMember(known?.containers, target) : undefined,
          isOverwrittenLater: (variable) =>
            patches.slice(i + 1).some((later) =>
              later.targets({ name: target, list }) && overwrites(later.patch, variable)
            ),
          setBy: (variable) => this.#setBy(variable, { container: target, except: name }),
        }, field);
        if ("reason" in result) {
          if (isPresent) continue;
          return result;
        }
        containers.set(target, result.container);
        if (Object.keys(result.record).length > 0) records.set(target, result.record);
      }
    }
    const added = [...volumes].filter((volume) =>
      patchVolumes.has(volume) && !this.#occupied.volumes.has(volume)
    );
    const recorded = [...new Set([...known?.volumes ?? [], ...added])];
    const record = {
      ...known,
      ...(prepared.patchHash === undefined ? {} : { hash: prepared.patchHash }),
      ...(records.size === 0 ? {} : { containers: Object.fromEntries(records) }),
      ...(recorded.length === 0 ? {} : { volumes: recorded }),
    };
    return { containers, record, volumes, untargeted };
  }

  /** Keeps the result for the SidecarSets that follow. */
  keep({ containers }: AppliedPatches): void {
    for (const [name, container] of containers) this.#patched.set(name, container);
  }

  /** Operations on the given Pod's lists, before containers are inserted. */
  operations(): JsonPatchOperation[] {
    return this.#own().flatMap(({ list, index, container }) => {
      const patched = this.#patched.get(container.name);
      if (patched === undefined || patched === container) return [];
      const path = `/spec/${list}/${index}`;
      return (["env", "envFrom", "volumeMounts"] as const).flatMap((field) =>
        insertions(`${path}/${field}`, {
          present: Array.isArray(container[field]) ? container[field] : undefined,
          next: items(patched[field]),
        })
      );
    });
  }

  /** Containers that no SidecarSet has injected or replaces. */
  #own(): Place[] {
    const { places, ours, replaced } = this.#occupied;
    return [...places.values()].filter(({ container }) =>
      !ours.containers.has(container.name) && !replaced.has(container.name) &&
      !isMarkedInjected(container)
    );
  }

  #setBy(
    variable: string,
    { container, except }: { readonly container: string; readonly except: string },
  ): string | undefined {
    return [...this.#records].find(([name, { containers }]) =>
      name !== except && ownMember(ownMember(containers, container)?.env, variable) !== undefined
    )?.[0];
  }
}

function overwrites({ env = [] }: PatchContainers, variable: string): boolean {
  return env.some(({ name, patchPolicy }) => name === variable && patchPolicy === "Overwrite");
}
