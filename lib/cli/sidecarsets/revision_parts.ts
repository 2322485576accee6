import { isDeepStrictEqual } from "node:util";
import type { ControllerRevision } from "../../api/objects.ts";
import { isObject } from "../../api/json.ts";
import { withoutNulls } from "../../api/read.ts";
import type { SidecarSet } from "../../api/sidecarset.ts";
import { revisedFieldNames, revisionData } from "../../core/revision/data.ts";

/** The non-empty parts of a SidecarSet that a revision records. */
export function recordedParts({ data }: ControllerRevision): Record<string, unknown> {
  return nonEmptyParts(isObject(data?.spec) ? data.spec : {});
}

/** The same parts of a spec, in the form of a revision. */
export function partsOf(spec: SidecarSet["spec"]): Record<string, unknown> {
  const data: unknown = JSON.parse(revisionData(spec));
  return nonEmptyParts(isObject(data) && isObject(data.spec) ? data.spec : {});
}

function nonEmptyParts(spec: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const parts = revisedFieldNames.map((field) => [field, spec[field]]);
  const cleaned = withoutNulls(Object.fromEntries(parts));
  return isObject(cleaned) ? cleaned : {};
}

/** The paths of fields other than images that differ: `spec.containers[agent].env`. */
export function changedFields(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): string[] {
  return revisedFieldNames.flatMap((field) => {
    const [a, b] = [before[field], after[field]];
    if (isDeepStrictEqual(a, b)) return [];
    const isByName = field === "containers" || field === "initContainers";
    return isByName ? changedContainers(field, [byName(a), byName(b)]) : [`spec.${field}`];
  });
}

type ByName = ReadonlyMap<unknown, Readonly<Record<string, unknown>>>;

function byName(list: unknown): ByName {
  const objects = Array.isArray(list) ? list.filter(isObject) : [];
  return new Map(objects.map((each) => [each.name, each]));
}

function changedContainers(field: string, [before, after]: [ByName, ByName]): string[] {
  const isReordered = before.size === after.size &&
    [...before.keys()].every((name) => after.has(name)) &&
    !isDeepStrictEqual([...before.keys()], [...after.keys()]);
  if (isReordered) return [`spec.${field}`];
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((name) => {
    const path = `spec.${field}[${name}]`;
    const [a, b] = [before.get(name), after.get(name)];
    if (a === undefined || b === undefined) return [path];
    return [...new Set([...Object.keys(a), ...Object.keys(b)])]
      .filter((key) => key !== "image" && !isDeepStrictEqual(a[key], b[key]))
      .map((key) => `${path}.${key}`);
  });
}
