import { isDeepStrictEqual } from "node:util";
import { isObject } from "../../api/json.ts";
import type { SidecarSetSpec } from "../../api/sidecarset.ts";
import { sidecarContainerType } from "./container_type.ts";
import { goValue } from "./go_types.ts";

/** A difference between two specs that the hash without images contains. */
type FieldDifference =
  | { readonly kind: "Added" | "Removed" | "Moved"; readonly container: string }
  | { readonly kind: "Fields"; readonly container: string; readonly fields: readonly string[] };

type Lists = Pick<SidecarSetSpec, "containers" | "initContainers">;
type ByName = ReadonlyMap<string, Readonly<Record<string, unknown>>>;

/**
 * Lists what differs in the containers of two specs, other than images. Fields that no hash contains are left out,
 * and so are init containers where none is a native sidecar.
 *
 * @param before with defaults, as is `after`
 */
export function fieldDifferences(before: Lists, after: Lists): FieldDifference[] {
  const hashesInit = [before, after].some(({ initContainers }) =>
    initContainers?.some(({ restartPolicy }) => restartPolicy === "Always")
  );
  return [
    ...(hashesInit ? listDifferences(before.initContainers, after.initContainers) : []),
    ...listDifferences(before.containers, after.containers),
  ];
}

function listDifferences(
  before: Lists["containers"],
  after: Lists["containers"],
): FieldDifference[] {
  const [old, current] = [written(before), written(after)];
  const kept = [...old.keys()].filter((name) => current.has(name));
  const order = [...current.keys()].filter((name) => old.has(name));
  const differences: FieldDifference[] = [];
  for (const [i, container] of kept.entries()) {
    if (order[i] !== container) differences.push({ kind: "Moved", container });
    const fields = differingFields(old.get(container), current.get(container));
    if (fields.length > 0) differences.push({ kind: "Fields", container, fields });
  }
  for (const container of current.keys()) {
    if (!old.has(container)) differences.push({ kind: "Added", container });
  }
  for (const container of old.keys()) {
    if (!current.has(container)) differences.push({ kind: "Removed", container });
  }
  return differences;
}

/** As the hash has them. */
function written(containers: Lists["containers"] = []): ByName {
  return new Map(containers.map((container) => {
    const value = goValue(sidecarContainerType, container, { unknownFields: "drop" });
    return [container.name, isObject(value) ? value : {}];
  }));
}

function differingFields(
  a: Readonly<Record<string, unknown>> = {},
  b: Readonly<Record<string, unknown>> = {},
): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])]
    .filter((key) => key !== "image" && !isDeepStrictEqual(a[key], b[key]))
    .sort();
}

/** Names the differences: `args and resources of container agent differ from what the Pod was created with`. */
export function differenceClause(differences: readonly FieldDifference[]): string {
  const differing = differences.flatMap((each) =>
    each.kind === "Fields" ? [`${joined(each.fields)} of container ${each.container}`] : []
  );
  const named = (kind: FieldDifference["kind"]) =>
    differences.flatMap((each) => each.kind === kind ? [each.container] : []);
  const clauses = [
    ...(differing.length === 0
      ? []
      : [`${joined(differing)} differ from what the Pod was created with`]),
    ...named("Added").map((name) => `container ${name} was added`),
    ...named("Removed").map((name) => `container ${name} was removed`),
    ...(named("Moved").length === 0 ? [] : ["the order of the containers differs"]),
  ];
  return clauses.join("; ");
}

function joined(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} and ${last}`;
}
