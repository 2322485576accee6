import type { Pod } from "../api/pod.ts";
import { deniedSidecarSets } from "../core/rollout/condition.ts";

const NO_KEYS: ReadonlySet<string> = new Set();
const NO_NAMES: readonly string[] = [];

/** Which Pods say in their condition `SidecarSetUpgradable` that a SidecarSet cannot be upgraded in place, whether it exists or not. */
export class DenialIndex {
  readonly #names = new Map<string, readonly string[]>();
  readonly #keys = new Map<string, Set<string>>();

  /** Keys of the Pods that deny it of the SidecarSet. */
  of(sidecarSet: string): ReadonlySet<string> {
    return this.#keys.get(sidecarSet) ?? NO_KEYS;
  }

  /** Names of all SidecarSets that a Pod denies it of. */
  names(): IterableIterator<string> {
    return this.#keys.keys();
  }

  /**
   * @param pod undefined once it is gone
   * @returns the SidecarSets that the Pod denies it of
   */
  apply(key: string, pod: Pod | undefined): readonly string[] {
    const names = pod ? deniedSidecarSets(pod) : NO_NAMES;
    const before = this.#names.get(key) ?? NO_NAMES;
    if (names.length === 0 && before.length === 0) return names;
    for (const name of before) this.#remove(name, key);
    for (const name of names) this.#add(name, key);
    if (names.length === 0) this.#names.delete(key);
    else this.#names.set(key, names);
    return names;
  }

  #add(name: string, key: string): void {
    const keys = this.#keys.get(name) ?? new Set();
    this.#keys.set(name, keys);
    keys.add(key);
  }

  #remove(name: string, key: string): void {
    const keys = this.#keys.get(name);
    keys?.delete(key);
    if (keys?.size === 0) this.#keys.delete(name);
  }
}
