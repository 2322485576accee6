import { isDeepStrictEqual } from "node:util";
import type { SidecarSet } from "../../../lib/api/sidecarset.ts";
import { canaryBaseOf } from "../../../lib/core/canary.ts";
import { selectionsOverlap } from "../../../lib/core/select/overlap.ts";
import { overlapsForKruise } from "./kruise_overlap.ts";
import { containersOf, type RecordedError, type ValidationCase } from "./validation_case.ts";

/** Whose rules decide what is a conflict. */
export interface ConflictRules {
  /** A SidecarSet that has a canary does not conflict with it (B-9). */
  readonly ownCanaries: boolean;
  /** Overlap is exact, and names count as they are in the Pod (B-31). */
  readonly exact: boolean;
}

/** Errors about the other SidecarSets, as OpenKruise would report them. */
export function conflictErrors(
  { object, others }: ValidationCase,
  { ownCanaries, exact }: ConflictRules,
): RecordedError[] {
  const { name } = object.metadata;
  return others
    .filter((other) => other.metadata.name !== name && other.metadata.name !== canaryBaseOf(object))
    .filter((other) => !ownCanaries || canaryBaseOf(other) !== name)
    .filter((other) =>
      exact ? selectionsOverlap(object.spec, other.spec) : overlapsForKruise(object, other)
    )
    .flatMap((other) => [
      ...sharedNames(object, other, exact).map(() => "spec.containers"),
      ...differentVolumes(object, other).map(() => "spec.volumes"),
      ...contestedAnnotations(object, other).map(() => "spec.patchPodMetadata"),
    ])
    .map((field) => ({ field, type: "Invalid" }));
}

/** Whether a recorded error is one about other SidecarSets. */
export function isConflictError({ field, type }: RecordedError): boolean {
  return type === "Invalid" &&
    ["spec.containers", "spec.volumes", "spec.patchPodMetadata"].includes(field);
}

function sharedNames(a: SidecarSet, b: SidecarSet, exact: boolean): unknown[] {
  const names = namesOf(b, exact).flat();
  return namesOf(a, exact).filter((own) => own.some((name) => names.includes(name)));
}

/** For each container the names it may clash by. */
function namesOf(sidecarSet: SidecarSet, exact: boolean): string[][] {
  return containersOf(sidecarSet).map(({ list, container: { name, upgradeStrategy } }) => {
    const inList = `${list}/${name}`;
    if (!exact) return [inList];
    const isPair = upgradeStrategy?.upgradeType === "HotUpgrade";
    return [inList, ...(isPair ? [`${name}-1`, `${name}-2`] : [name])];
  });
}

function differentVolumes(a: SidecarSet, b: SidecarSet): unknown[] {
  return (a.spec.volumes ?? []).filter((volume) =>
    b.spec.volumes?.some((other) => other.name === volume.name && !isDeepStrictEqual(other, volume))
  );
}

function contestedAnnotations(a: SidecarSet, b: SidecarSet): string[] {
  const [policiesOfA, policiesOfB] = [a, b].map(({ spec }) =>
    new Map(
      (spec.patchPodMetadata ?? []).flatMap(({ annotations = {}, patchPolicy }) =>
        Object.keys(annotations).map((key) => [key, patchPolicy])
      ),
    )
  );
  return [...policiesOfA ?? []].filter(([key, policy]) => {
    const policies = [policy, policiesOfB?.get(key)];
    return policiesOfB?.has(key) && !policies.includes("Retain") && policies.includes("Overwrite");
  }).map(([key]) => key);
}
