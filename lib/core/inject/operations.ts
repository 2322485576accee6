import type { JsonPatchOperation } from "../../api/json.ts";

/** Operations that append items to a list, or create the list. */
export function append(
  path: string,
  { present, added }: { present: readonly unknown[] | undefined; added: readonly unknown[] },
): JsonPatchOperation[] {
  if (added.length === 0) return [];
  if (!present) return [{ op: "add", path, value: added }];
  return added.map((value) => ({ op: "add", path: `${path}/-`, value }));
}
