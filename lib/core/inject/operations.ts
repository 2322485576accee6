import { isObject, type JsonPatchOperation } from "../../api/json.ts";

/** Operations that append items to a list, or create the list. */
export function append(
  path: string,
  { present, added }: { present: readonly unknown[] | undefined; added: readonly unknown[] },
): JsonPatchOperation[] {
  if (added.length === 0) return [];
  if (!present) return [{ op: "add", path, value: added }];
  return added.map((value) => ({ op: "add", path: `${path}/-`, value }));
}

/**
 * Operations that turn a list into another one with the same items in the same order, some of them replaced by an
 * item of the same name, and more items in between.
 */
export function insertions(
  path: string,
  { present, next }: { present: readonly unknown[] | undefined; next: readonly unknown[] },
): JsonPatchOperation[] {
  if (next.length === 0) return [];
  if (present === undefined) return [{ op: "add", path, value: next }];
  const operations: JsonPatchOperation[] = [];
  const inserted: JsonPatchOperation[] = [];
  let index = 0;
  for (const [place, item] of next.entries()) {
    const known = present[index];
    if (index < present.length && (item === known || isNamedAlike(item, known))) {
      if (item !== known) operations.push({ op: "replace", path: `${path}/${index}`, value: item });
      index++;
    } else {
      const isLast = index === present.length;
      inserted.push({ op: "add", path: `${path}/${isLast ? "-" : place}`, value: item });
    }
  }
  return [...operations, ...inserted];
}

function isNamedAlike(a: unknown, b: unknown): boolean {
  return isObject(a) && isObject(b) && a.name !== undefined && a.name === b.name;
}
