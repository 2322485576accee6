/** JSON values and RFC 6902 operations, as they travel on the wire. */

export type Json = null | boolean | number | string | Json[] | JsonObject;

export interface JsonObject {
  [key: string]: Json;
}

/** One RFC 6902 operation. `path` is an RFC 6901 pointer. */
export type JsonPatchOperation =
  | { op: "add" | "replace" | "test"; path: string; value: unknown }
  | { op: "remove"; path: string };

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A member of an object that came from outside; what every object inherits (`constructor`) does not count as one. */
export function ownMember<T>(
  object: Readonly<Record<string, T>> | undefined,
  key: string,
): T | undefined {
  return object && Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Far above what any object of the API needs, and far below what would exhaust the stack of recursive readers. */
export const MAX_NESTING = 100;

/** Whether a value is nested deeper than that; it looks no deeper itself. */
export function isTooDeep(value: unknown, levels = MAX_NESTING): boolean {
  if (typeof value !== "object" || value === null) return false;
  for (const member of Array.isArray(value) ? value : Object.values(value)) {
    if (levels === 0 || isTooDeep(member, levels - 1)) return true;
  }
  return false;
}
