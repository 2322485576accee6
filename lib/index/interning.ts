import { BoundedMap } from "../core/bounded_map.ts";
import type { ObservedPod } from "../core/observed_pod.ts";

/** Limit of the pool in parts. */
const MAX_PARTS = 20_000;

/**
 * Interns equal parts of objects: the Pods of a workload differ in little, as do the revisions of SidecarSets that are
 * made from one template, and 100,000 of them are kept in memory.
 * Interned parts must not be changed.
 */
export class Interning {
  readonly #parts: BoundedMap<unknown>;

  /** @param options `maxCharacters`: limit of the pool in characters of JSON */
  constructor({ maxCharacters = 16_000_000 } = {}) {
    this.#parts = new BoundedMap({ maxEntries: MAX_PARTS, maxCharacters });
  }

  /**
   * @param part JSON, unless `key` is given
   * @param key text that is equal for equal parts
   * @returns the first part that was equal to this one
   */
  intern<T>(part: T, key?: string): T;
  intern(part: unknown, key = keyOf(part)): unknown {
    if (key === undefined) return part;
    const known = this.#parts.get(key);
    if (known !== undefined) return known;
    this.#parts.add(key, part);
    return part;
  }
}

/** Text that is equal for equal parts; undefined for a value that takes no memory of its own. */
function keyOf(part: unknown): string | undefined {
  // Cheaper than its JSON; no JSON of an object starts like this.
  if (typeof part === "string") return `"${part}`;
  return typeof part === "object" && part !== null ? JSON.stringify(part) : undefined;
}

/** A projected Pod with interned parts; name, uid and resourceVersion are its own. */
export function internedPod(pod: ObservedPod, interning: Interning): ObservedPod {
  const { metadata, spec, status } = pod;
  const intern = <T extends object>(parts: T): T => {
    const interned: T = { ...parts };
    for (const key in interned) interned[key] = interning.intern(interned[key]);
    return interned;
  };
  const { name, uid, resourceVersion, ...common } = metadata;
  return {
    metadata: {
      ...(name === undefined ? {} : { name }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...intern(common),
    },
    spec: intern(spec),
    ...(status ? { status: interning.intern(intern(status)) } : {}),
  };
}
