import type { Pod } from "../api/pod.ts";
import { controllerOf } from "../core/cleanup/eviction.ts";

const NO_KEYS: ReadonlySet<string> = new Set();

/** The Pods of each workload, by the uid of the controller that owns them. */
export class WorkloadIndex {
  readonly #workloads = new Map<string, string>();
  readonly #keys = new Map<string, Set<string>>();

  get size(): number {
    return this.#keys.size;
  }

  /** Keys of a workload's Pods. */
  podsOf(workload: string): ReadonlySet<string> {
    return this.#keys.get(workload) ?? NO_KEYS;
  }

  /** @param pod undefined once it is gone */
  apply(key: string, pod: Pod | undefined): void {
    const before = this.#workloads.get(key);
    const after = pod && controllerOf(pod)?.uid;
    if (before === after) return;
    if (before !== undefined) this.#remove(before, key);
    if (after === undefined) {
      this.#workloads.delete(key);
      return;
    }
    this.#workloads.set(key, after);
    const keys = this.#keys.get(after) ?? new Set();
    this.#keys.set(after, keys);
    keys.add(key);
  }

  #remove(workload: string, key: string): void {
    const keys = this.#keys.get(workload);
    keys?.delete(key);
    if (keys?.size === 0) this.#keys.delete(workload);
  }
}
