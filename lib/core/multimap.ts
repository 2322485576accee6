/** Sets of texts by key. Most keys of a large one have one text, which then is kept without a set. */
export class Multimap {
  readonly #values = new Map<string, string | Set<string>>();

  /** Number of keys. */
  get size(): number {
    return this.#values.size;
  }

  keys(): IterableIterator<string> {
    return this.#values.keys();
  }

  /** Undefined for an unknown key. */
  get(key: string): ReadonlySet<string> | undefined {
    const known = this.#values.get(key);
    return known === undefined || known instanceof Set ? known : new Set([known]);
  }

  /** As {@linkcode Multimap.get}, without a set for a single value. */
  valuesOf(key: string): Iterable<string> {
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

  add(key: string, value: string): void {
    const known = this.#values.get(key);
    if (known === undefined) this.#values.set(key, value);
    else if (known instanceof Set) known.add(value);
    else if (known !== value) this.#values.set(key, new Set([known, value]));
  }

  delete(key: string, value: string): void {
    const known = this.#values.get(key);
    if (known === value) this.#values.delete(key);
    else if (known instanceof Set && known.delete(value) && known.size === 0) {
      this.#values.delete(key);
    }
  }
}
