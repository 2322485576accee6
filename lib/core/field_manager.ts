import type { ObjectMeta } from "../api/meta.ts";

/** This program's name among the managers of an object's fields. */
export const FIELD_MANAGER = "sidecarset";

/**
 * Who changed an object last as its managedFields tell, or one of its subresources; this program itself only where there is nobody else.
 *
 * @returns undefined where nothing tells
 */
export function lastManager(
  { managedFields = [] }: ObjectMeta,
  subresource?: string,
): string | undefined {
  const entries = managedFields.filter((entry) =>
    subresource === undefined || entry.subresource === subresource
  );
  const others = entries.filter(({ manager }) => manager !== FIELD_MANAGER);
  const [last] = (others.length > 0 ? others : entries)
    .toSorted((a, b) => Date.parse(b.time ?? "") - Date.parse(a.time ?? ""));
  return last?.manager;
}
