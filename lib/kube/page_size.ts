/**
 * Longer pages are not parsed: an object of many small values takes up to 21 times its size. A page of one object has no limit, because there is
 * no shorter one; etcd stores at most 1.5 MiB of it.
 */
const MAX_PAGE_BYTES = 4 * 1024 * 1024;
const SHRINK_FACTOR = 4;
const GROWTH_FACTOR = 2;

/** How many objects to ask for in one page: fewer after one that was too long, then more again. */
export class PageSize {
  readonly #max: number;
  #limit: number;

  constructor(max: number) {
    this.#max = max;
    this.#limit = max;
  }

  /** The options of a list request. */
  get options(): { readonly limit: number; readonly maxBytes?: number } {
    return this.#limit > 1
      ? { limit: this.#limit, maxBytes: MAX_PAGE_BYTES }
      : { limit: this.#limit };
  }

  /** After a page that was too long. */
  shrink(): void {
    this.#limit = Math.max(1, Math.floor(this.#limit / SHRINK_FACTOR));
  }

  /** After a page that was not. */
  grow(): void {
    this.#limit = Math.min(this.#max, this.#limit * GROWTH_FACTOR);
  }
}
