import type { ObservedPod } from "../core/observed_pod.ts";
import { injectedSidecarSets } from "../core/annotations/injected_list.ts";
import { controllerOf } from "../core/cleanup/eviction.ts";
import { subdomainProblem } from "../core/select/label_syntax.ts";

const NO_KEYS: ReadonlySet<string> = new Set();

/** An inverted index: the keys of the Pods that name a value. The values of a Pod are not stored, but read from it. */
export class InvertedIndex {
  readonly #keys = new Map<string, Set<string>>();
  readonly #valuesOf: (pod: ObservedPod) => readonly string[];

  /** @param valuesOf reads the values of a projected Pod, each once */
  constructor(valuesOf: (pod: ObservedPod) => readonly string[]) {
    this.#valuesOf = valuesOf;
  }

  /** Number of values. */
  get size(): number {
    return this.#keys.size;
  }

  /** Keys of the Pods that name the value. */
  of(value: string): ReadonlySet<string> {
    return this.#keys.get(value) ?? NO_KEYS;
  }

  /** All values that a Pod names. */
  values(): IterableIterator<string> {
    return this.#keys.keys();
  }

  valuesOf(pod: ObservedPod): readonly string[] {
    return this.#valuesOf(pod);
  }

  /**
   * @param before the state that was applied last; undefined if the Pod is new
   * @param after undefined if the Pod is deleted
   * @returns the values that the Pod names now
   */
  apply(
    key: string,
    before: ObservedPod | undefined,
    after: ObservedPod | undefined,
  ): readonly string[] {
    const old = before ? this.#valuesOf(before) : [];
    const values = after ? this.#valuesOf(after) : [];
    for (const value of old) if (!values.includes(value)) this.#remove(value, key);
    for (const value of values) {
      const keys = this.#keys.get(value) ?? new Set();
      this.#keys.set(value, keys.add(key));
    }
    return values;
  }

  #remove(value: string, key: string): void {
    const keys = this.#keys.get(value);
    keys?.delete(key);
    if (keys?.size === 0) this.#keys.delete(value);
  }
}

/**
 * The SidecarSets that a Pod's annotation names, whether they exist or not. The annotation can be forged: an injected
 * SidecarSet has a container in the Pod, so more names than containers are cut off. They would cost memory, and a
 * request to the API server each.
 */
export function injectedNames(pod: ObservedPod): readonly string[] {
  const { containers, initContainers = [] } = pod.spec;
  const names = new Set(injectedSidecarSets(pod))
    .values()
    .filter((name) => subdomainProblem(name) === undefined);
  return [...names.take(containers.length + initContainers.length)];
}

/** The uid of the workload that owns a Pod. */
export function workloadOf(pod: ObservedPod): readonly string[] {
  const uid = controllerOf(pod)?.uid;
  return uid === undefined ? [] : [uid];
}
