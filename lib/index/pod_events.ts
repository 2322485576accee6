import { isObject } from "../api/json.ts";
import { cutManagedFields } from "../api/managed_fields.ts";
import { BoundedMap } from "../core/bounded_map.ts";

/** Pods of one workload follow each other in a list. */
const LIMITS = { maxEntries: 256, maxCharacters: 500_000 };

/** The time of an entry. Its `fieldsV1` has no such member: their names begin with `f:`, `k:`, `v:` or `i:`. */
const TIME = /"time":"([^"\\]*)"/g;

/**
 * Creates a `JSON.parse()` for watch events of Pods. The `managedFields` of the Pods of one workload differ in their
 * times only, so that the rest of them is parsed once; the values of several events share it and must not be changed.
 */
export function createPodEventParser(): (text: string) => unknown {
  const known = new BoundedMap<readonly unknown[]>(LIMITS);

  function parseFields(text: string): unknown[] {
    const times: string[] = [];
    const key = text.replace(TIME, (_, time: string) => {
      times.push(time);
      return '"time":""';
    });
    const kept = known.get(key);
    const entries: readonly unknown[] = kept ?? JSON.parse(key);
    if (kept === undefined) known.add(key, entries);
    let next = 0;
    return entries.map((entry) =>
      isObject(entry) && entry.time === "" ? { ...entry, time: times[next++] } : entry
    );
  }

  return (text) => {
    // Of the objects in a Pod, only its own metadata has managedFields.
    const divided = cutManagedFields(text);
    if (divided === undefined) return JSON.parse(text);
    try {
      const event: unknown = JSON.parse(divided.rest);
      if (isObject(event) && isObject(event.object) && isObject(event.object.metadata)) {
        event.object.metadata.managedFields = parseFields(divided.managedFields);
        return event;
      }
    } catch {
      // The end was not found, or the text is not JSON.
    }
    return JSON.parse(text);
  };
}
