import type { Pod } from "../api/pod.ts";
import { injectedSidecarSets } from "../core/annotations/injected_list.ts";
import { subdomainProblem } from "../core/select/label_syntax.ts";

const NO_KEYS: ReadonlySet<string> = new Set();

/** Which Pods name which SidecarSets in their annotations, selected or not, and whether the SidecarSet exists or not. */
export class InjectedIndex {
  readonly #names = new Map<string, readonly string[]>();
  readonly #keys = new Map<string, Set<string>>();

  /** Keys of the Pods that name the SidecarSet. */
  of(sidecarSet: string): ReadonlySet<string> {
    return this.#keys.get(sidecarSet) ?? NO_KEYS;
  }

  /** Names of all SidecarSets that a Pod names. */
  names(): IterableIterator<string> {
    return this.#keys.keys();
  }

  /** Names that a Pod names. */
  namesOf(key: string): readonly string[] {
    return this.#names.get(key) ?? [];
  }

  /** Takes over what a Pod names now; undefined where it is gone. */
  apply(key: string, pod: Pod | undefined): void {
    const before = this.#names.get(key) ?? [];
    const after = pod === undefined ? [] : namesIn(pod);
    if (after.length === 0) this.#names.delete(key);
    else this.#names.set(key, after);
    if (before.join() === after.join()) return;
    for (const name of before) this.#remove(name, key);
    for (const name of after) {
      const keys = this.#keys.get(name) ?? new Set();
      this.#keys.set(name, keys);
      keys.add(key);
    }
  }

  #remove(name: string, key: string): void {
    const keys = this.#keys.get(name);
    keys?.delete(key);
    if (keys?.size === 0) this.#keys.delete(name);
  }
}

/**
 * The names of SidecarSets in a Pod's annotation, which may be forged. Each SidecarSet that has been injected has a container in the Pod: more
 * names than containers, as many as fit into an annotation, would take far more memory here, and a request to the API server each.
 */
function namesIn(pod: Pod): readonly string[] {
  const { containers, initContainers = [] } = pod.spec;
  const names = new Set(injectedSidecarSets(pod))
    .values()
    .filter((name) => subdomainProblem(name) === undefined);
  return [...names.take(containers.length + initContainers.length)];
}
