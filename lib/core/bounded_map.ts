/** Limits of a {@linkcode BoundedMap}. */
interface BoundedMapOptions {
  readonly maxEntries: number;
  /** Of all keys together. */
  readonly maxCharacters: number;
}

/**
 * Cache by text, for texts that come again soon. Beyond a limit all entries are dropped, because to record which of
 * them are used would cost more than to compute them again.
 */
export class BoundedMap<V> {
  readonly #entries = new Map<string, V>();
  readonly #options: BoundedMapOptions;
  #characters = 0;

  constructor(options: BoundedMapOptions) {
    this.#options = options;
  }

  get(key: string): V | undefined {
    return this.#entries.get(key);
  }

  /** Adds an entry; the key must be a new one. */
  add(key: string, value: V): void {
    const { maxEntries, maxCharacters } = this.#options;
    this.#characters += key.length;
    if (this.#entries.size >= maxEntries || this.#characters > maxCharacters) {
      this.#entries.clear();
      this.#characters = key.length;
    }
    this.#entries.set(key, value);
  }
}
