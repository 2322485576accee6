import type { JsonPatchOperation } from "../../api/json.ts";

/** Adds to a list item by item, or the list with its first items. */
export function append(
  path: string,
  { present, added }: { present: readonly unknown[] | undefined; added: readonly unknown[] },
): JsonPatchOperation[] {
  if (added.length === 0) return [];
  if (!present) return [{ op: "add", path, value: added }];
  return added.map((value) => ({ op: "add", path: `${path}/-`, value }));
}
