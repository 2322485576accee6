import type { ObjectMeta } from "../api/meta.ts";

/** This program's name among the managers of an object's fields. */
export const FIELD_MANAGER = "sidecarset";

/**
 * The other client that last changed an object, or one of its subresources, by `managedFields`.
 *
 * @returns undefined if there is only this program, or the client removed fields only or has no name
 */
export function lastManager(
  { managedFields = [] }: ObjectMeta,
  subresource?: string,
): string | undefined {
  const entries = managedFields.filter((entry) =>
    subresource === undefined || entry.subresource === subresource
  );
  const others = entries.filter(({ manager }) => manager !== FIELD_MANAGER);
  const [last] = others
    .toSorted((a, b) => Date.parse(b.time ?? "") - Date.parse(a.time ?? ""));
  return last?.manager;
}
