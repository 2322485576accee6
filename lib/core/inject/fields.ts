import { isObject } from "../../api/json.ts";

/** Reads unvalidated members of API objects. */
export type Fields = Readonly<Record<string, unknown>>;

const NOTHING: Fields = {};

/** An object's member that is an object itself; empty where it is not. */
export function member(object: unknown, key: string): Fields {
  if (!isObject(object)) return NOTHING;
  const value = object[key];
  return isObject(value) ? value : NOTHING;
}

/** The items of a field that may be a list. */
export function items(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
