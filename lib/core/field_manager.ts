import type { ObjectMeta } from "../api/meta.ts";

/** This program's name among the managers of an object's fields. */
export const FIELD_MANAGER = "sidecarset";

/**
 * Which other client changed an object last as its managedFields say, or one of its subresources.
 *
 * @returns undefined where there is only this program, as after a client that removed fields, or that left no name
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
