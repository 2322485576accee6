import type { Pod } from "../api/pod.ts";

/** How many parts are remembered, and how many characters of JSON they may be; when there is more, sharing begins anew. */
const CAPACITY = 20_000;
const MOST_TEXT = 16_000_000;

/**
 * Lets equal parts of objects be one and the same: the Pods of a workload differ in little, and 100,000 of them are kept. What is shared must
 * never be changed.
 */
export class Sharing {
  readonly #parts = new Map<string, unknown>();
  #text = 0;

  /**
   * The part that was first seen of those equal to this one.
   *
   * @param key text that is equal for equal parts, for those that are no JSON
   */
  share<T>(part: T, key?: string): T;
  share(part: unknown, key = JSON.stringify(part)): unknown {
    if (part === undefined) return part;
    const known = this.#parts.get(key);
    if (known !== undefined) return known;
    this.#text += key.length;
    if (this.#parts.size >= CAPACITY || this.#text > MOST_TEXT) {
      this.#parts.clear();
      this.#text = key.length;
    }
    this.#parts.set(key, part);
    return part;
  }
}

/** A trimmed Pod whose parts are one with those of its siblings; what only it has stays its own. */
export function sharedPod(pod: Pod, sharing: Sharing): Pod {
  const { metadata, spec, status } = pod;
  const share = <T extends object>(parts: T): T => {
    const shared: T = { ...parts };
    for (const key in shared) shared[key] = sharing.share(shared[key]);
    return shared;
  };
  const { name, uid, resourceVersion, ...common } = metadata;
  return {
    metadata: {
      ...(name === undefined ? {} : { name }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...share(common),
    },
    spec: share(spec),
    ...(status ? { status: sharing.share(share(status)) } : {}),
  };
}
