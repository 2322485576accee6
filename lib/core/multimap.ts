/**
 * Sets of values by key. Most keys of a large one have one value, which then is kept without a set; so that a set is
 * never taken for a value, values are texts or have a name.
 */
export class Multimap<V extends string | { readonly name: string }> {
  readonly #values = new Map<string, V | Set<V>>();

  /** Number of keys. */
  get size(): number {
    return this.#values.size;
  }

  keys(): IterableIterator<string> {
    return this.#values.keys();
  }

  /** Undefined for an unknown key. */
  get(key: string): ReadonlySet<V> | undefined {
    const known = this.#values.get(key);
    return known === undefined || known instanceof Set ? known : new Set([known]);
  }

  /** As {@linkcode Multimap.get}, without a set for a single value. */
  valuesOf(key: string): Iterable<V> {
    const known = this.#values.get(key);
    if (known === undefined) return [];
    return known instanceof Set ? known : [known];
  }

  /** Number of the values of a key. */
  count(key: string): number {
    const known = this.#values.get(key);
    if (known === undefined) return 0;
    return known instanceof Set ? known.size : 1;
  }

  add(key: string, value: V): void {
    const known = this.#values.get(key);
    if (known === undefined) this.#values.set(key, value);
    else if (known instanceof Set) known.add(value);
    else if (known !== value) this.#values.set(key, new Set([known, value]));
  }

  delete(key: string, value: V): void {
    const known = this.#values.get(key);
    if (known === value) this.#values.delete(key);
    else if (known instanceof Set && known.delete(value) && known.size === 0) {
      this.#values.delete(key);
    }
  }
}
