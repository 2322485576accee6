/** JSON values and RFC 6902 operations, as they travel on the wire. */

export type Json = null | boolean | number | string | Json[] | JsonObject;

/** An object of JSON values only; a member is never undefined. */
export interface JsonObject {
  [key: string]: Json;
}

/** One RFC 6902 operation. `path` is an RFC 6901 pointer. */
export type JsonPatchOperation =
  | { op: "add" | "replace" | "test"; path: string; value: unknown }
  | { op: "remove"; path: string };

/** Whether a value is an object with members: neither null nor an array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An own member of an untrusted object; inherited ones (`constructor`) are ignored. */
export function ownMember<T>(
  object: Readonly<Record<string, T>> | undefined,
  key: string,
): T | undefined {
  return object && Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Above the depth of any valid API object, and below what exhausts the stack of recursive readers. */
export const MAX_NESTING = 100;

/** Whether a value is nested deeper than `levels`. The check itself recurses no deeper. */
export function isTooDeep(value: unknown, levels = MAX_NESTING): boolean {
  if (typeof value !== "object" || value === null) return false;
  for (const member of Array.isArray(value) ? value : Object.values(value)) {
    if (levels === 0 || isTooDeep(member, levels - 1)) return true;
  }
  return false;
}
