import type { ControllerRevision } from "../api/objects.ts";
import type { SidecarSetStatus } from "../api/sidecarset_status.ts";
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
  const { name, uid, resourceVersion, ...common } = metadata;
  return {
    metadata: {
      ...(name === undefined ? {} : { name }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...withInterned(common, interning),
    },
    spec: withInterned(spec, interning),
    ...(status ? { status: interning.intern(withInterned(status, interning)) } : {}),
  };
}

/** A projected revision with interned parts: those of one template have the same data and record the same hashes. */
export function internedRevision(
  revision: ControllerRevision,
  interning: Interning,
): ControllerRevision {
  const { metadata, data } = revision;
  const owners = metadata.ownerReferences?.map((each) =>
    withInterned(each, interning, ["apiVersion", "kind"])
  );
  const keys = ["namespace", "creationTimestamp", "annotations"] as const;
  return {
    ...revision,
    metadata: {
      ...withInterned(metadata, interning, keys),
      ...(owners ? { ownerReferences: owners } : {}),
    },
    ...(data ? { data: interning.intern(data) } : {}),
  };
}

/** A status with interned parts: those of most SidecarSets differ in name and selection only. */
export function internedStatus(status: SidecarSetStatus, interning: Interning): SidecarSetStatus {
  const conditions = status.conditions?.map((each) => withInterned(each, interning));
  return {
    ...withInterned(status, interning, ["effectiveSince"]),
    ...(conditions ? { conditions: interning.intern(conditions) } : {}),
  };
}

/** A copy with interned members: all, or those that are named. */
function withInterned<T extends object>(
  parts: T,
  interning: Interning,
  keys: Iterable<keyof T> = keysOf(parts),
): T {
  const interned: T = { ...parts };
  for (const key of keys) {
    if (interned[key] !== undefined) interned[key] = interning.intern(interned[key]);
  }
  return interned;
}

function* keysOf<T extends object>(parts: T): Generator<keyof T> {
  for (const key in parts) yield key;
}
