import { isObject } from "../../api/json.ts";

/** Unvalidated JSON: defaults are applied before the schema, as in the API server. */
export type JsonRecord = Readonly<Record<string, unknown>>;

/**
 * Sets fields that are absent or zero, which Go's non-pointer types cannot distinguish.
 *
 * @returns the same reference if nothing changes
 */
export function fillZero<T extends JsonRecord>(object: T, defaults: JsonRecord): T {
  return filled(object, { defaults, isMissing: isZero });
}

/**
 * Sets absent fields whose Go type is a pointer.
 *
 * @returns the same reference if nothing changes
 */
export function fillAbsent<T extends JsonRecord>(object: T, defaults: JsonRecord): T {
  return filled(object, { defaults, isMissing: isAbsent });
}

function filled<T extends JsonRecord>(
  object: T,
  { defaults, isMissing }: { defaults: JsonRecord; isMissing: (value: unknown) => boolean },
): T {
  const missing: Record<string, unknown> = {};
  let isComplete = true;
  for (const field in defaults) {
    if (!isMissing(object[field])) continue;
    missing[field] = defaults[field];
    isComplete = false;
  }
  return isComplete ? object : { ...object, ...missing };
}

function isAbsent(value: unknown): boolean {
  return value === undefined;
}

function isZero(value: unknown): boolean {
  return value === undefined || value === "" || value === 0;
}

/** A change of one object; returns the same reference if nothing changes. */
type Change = (object: JsonRecord) => JsonRecord;

/** Changes the object in a field; an absent field, or one of another type, stays as it is. */
export function changeObject<T extends JsonRecord>(
  object: T,
  { field, change }: { field: string; change: Change },
): T {
  const value = object[field];
  if (!isObject(value)) return object;
  const changed = change(value);
  return changed === value ? object : { ...object, [field]: changed };
}

/** Changes each object of the list in a field; an absent field, or one of another type, stays as it is. */
export function changeEach<T extends JsonRecord>(
  object: T,
  { field, change }: { field: string; change: Change },
): T {
  const items = object[field];
  if (!Array.isArray(items)) return object;
  const changed = items.map((item) => isObject(item) ? change(item) : item);
  return changed.every((item, i) => item === items[i]) ? object : { ...object, [field]: changed };
}
