import { isDeepStrictEqual } from "node:util";
import type { FieldProblem } from "../../api/problems.ts";
import { HOT_UPGRADE_SUFFIXES } from "../../api/names.ts";
import type { SidecarContainer } from "../../api/sidecar_container.ts";
import type { SidecarSet } from "../../api/sidecarset.ts";
import { canaryBaseOf } from "../canary.ts";
import { selectionsOverlap } from "../select/overlap.ts";
import type { Subject } from "./input.ts";
import { patchClashes } from "./patch_conflicts.ts";

/** How many other SidecarSets are reported, so that the time of a review is bounded. */
const MAX_CONFLICTS = 20;

/**
 * Names that SidecarSets with overlapping selectors add to the same Pods must differ. A canary and its base never
 * apply to the same Pod, so they may have the same names (B-9).
 *
 * @see `pkg/webhook/sidecarset/validating/sidecarset_create_update_handler.go:validateSidecarConflict`
 */
export function checkConflicts({ spec, sidecarSet, input }: Subject): void {
  if (sidecarSet === undefined) return;
  const own = footprintOf(sidecarSet);
  const { name } = sidecarSet.metadata;
  const base = canaryBaseOf(sidecarSet);
  const conflicts: { readonly name: string; readonly problems: FieldProblem[] }[] = [];
  for (const other of input.others) {
    const otherName = other.metadata.name;
    if (otherName === name || otherName === base) continue;
    if (name !== undefined && canaryBaseOf(other) === name) continue;
    // Name conflicts are rarer and cheaper to check than overlapping selectors.
    const problems = [
      ...clashes(own, other),
      ...patchClashes(sidecarSet, other, described(other)),
    ];
    if (problems.length === 0 || !selectionsOverlap(sidecarSet.spec, other.spec)) continue;
    conflicts.push({ name: otherName ?? "", problems });
    if (conflicts.length === MAX_CONFLICTS) break;
  }
  // By name, as every replica knows the others in another order.
  conflicts.sort((a, b) => a.name < b.name ? -1 : 1);
  for (const { problems } of conflicts) spec.report(problems);
}

function clashes(own: Footprint, other: SidecarSet): FieldProblem[] {
  return [
    ...containerClashes(own, other),
    ...volumeClashes(own, other),
    ...metadataClashes(own, { other, kind: "annotations" }),
    ...metadataClashes(own, { other, kind: "labels" }),
  ];
}

function containerClashes(own: Footprint, other: SidecarSet): FieldProblem[] {
  const problems: FieldProblem[] = [];
  for (const list of ["containers", "initContainers"] as const) {
    for (const container of other.spec[list] ?? []) {
      const field = containerKeys(container, list)
        .map((key) => own.containers.get(key))
        .find((path) => path !== undefined);
      if (field === undefined) continue;
      const what = list === "containers" ? "container" : "init container";
      problems.push({
        reason: "FieldValueInvalid",
        field,
        message: `clashes with ${what} ${container.name} of ${described(other)}: ` +
          "rename it or make the selectors disjoint",
      });
    }
  }
  return problems;
}

function volumeClashes(own: Footprint, other: SidecarSet): FieldProblem[] {
  return (other.spec.volumes ?? []).flatMap((volume) => {
    const mine = own.volumes.get(volume.name);
    if (mine === undefined || isDeepStrictEqual(mine.volume, volume)) return [];
    return [{
      reason: "FieldValueInvalid",
      field: mine.path,
      message: `differs from volume ${volume.name} of ${described(other)}: ` +
        "define it in the same way, rename it or make the selectors disjoint",
    }];
  });
}

/** Retain keeps any earlier value, and JSON merges can be repeated; only Overwrite conflicts. */
function metadataClashes(
  own: Footprint,
  { other, kind }: { other: SidecarSet; kind: "annotations" | "labels" },
): FieldProblem[] {
  const problems: FieldProblem[] = [];
  for (const { patchPolicy = "Retain", ...entry } of other.spec.patchPodMetadata ?? []) {
    for (const key of Object.keys(entry[kind] ?? {})) {
      const mine = own[kind].get(key);
      if (mine === undefined) continue;
      const policies = [mine.policy, patchPolicy];
      if (policies.includes("Retain") || !policies.includes("Overwrite")) continue;
      problems.push({
        reason: "FieldValueInvalid",
        field: mine.path,
        message:
          `is set with ${mine.policy} here and with ${patchPolicy} by ${described(other)}: ` +
          `use ${
            kind === "labels" ? "" : "MergePatchJson in both, "
          }Retain in one, or make the selectors disjoint`,
      });
    }
  }
  return problems;
}

function described({ metadata }: SidecarSet): string {
  return `SidecarSet ${metadata.name}, which can select the same Pods`;
}

type List = "containers" | "initContainers";

/** Names that a SidecarSet adds to a Pod and that must be unique. */
interface Footprint {
  /** Origin of a container name: the list in the spec, or the Pod. */
  readonly containers: ReadonlyMap<string, string>;
  readonly volumes: ReadonlyMap<string, { readonly path: string; readonly volume: unknown }>;
  readonly annotations: ReadonlyMap<string, PatchedKey>;
  readonly labels: ReadonlyMap<string, PatchedKey>;
}

/** An annotation or label, with its field and policy. */
interface PatchedKey {
  readonly path: string;
  readonly policy: string;
}

/** The footprint, with the field path of each name. */
function footprintOf({ spec }: SidecarSet): Footprint {
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
    annotations: patchedKeys(spec, "annotations"),
    labels: patchedKeys(spec, "labels"),
  };
}

function patchedKeys(
  { patchPodMetadata = [] }: SidecarSet["spec"],
  kind: "annotations" | "labels",
): Map<string, PatchedKey> {
  return new Map(
    patchPodMetadata.flatMap(({ patchPolicy = "Retain", ...entry }, i) =>
      Object.keys(entry[kind] ?? {}).map((key) => [key, {
        path: `spec.patchPodMetadata[${i}].${kind}[${key}]`,
        policy: patchPolicy,
      }])
    ),
  );
}

/**
 * Names of a container that can conflict: its name in the spec within its list, as upgrades find it by that, and
 * its names in the Pod among containers of both lists.
 */
function containerKeys(container: SidecarContainer, list: List): string[] {
  const podNames = podNamesOf(container, list);
  return [`${list}/${container.name}`, ...podNames.map((podName) => `Pod/${podName}`)];
}

/** The names of a sidecar in a Pod; a hot-upgrade container has two. */
export function podNamesOf(container: SidecarContainer, list: List): readonly string[] {
  const { name, upgradeStrategy } = container;
  const isPair = upgradeStrategy?.upgradeType === "HotUpgrade" &&
    (list === "containers" || container.restartPolicy === "Always");
  return isPair ? HOT_UPGRADE_SUFFIXES.map((suffix) => `${name}${suffix}`) : [name];
}
