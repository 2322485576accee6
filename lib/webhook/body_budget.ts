/** Limits of the request bodies that are read, parsed and under review at the same time, over all connections. */
export interface BodyBudgetOptions {
  /** Bytes of all bodies. */
  readonly maxBytes: number;
  /** Bytes of large bodies, so that they leave room for usual ones. */
  readonly maxLargeBytes: number;
}

/** The share of one request. */
export interface BodyShare {
  /** Takes bytes from the budget. False, without taking any, if it does not have them. */
  grow(bytes: number): boolean;
  release(): void;
}

/**
 * Bounds the memory of request bodies. A parsed body of small values takes up to 21 times its size, and 30 times while
 * it is parsed.
 */
export class BodyBudget {
  readonly #options: BodyBudgetOptions;
  #bytes = 0;
  #largeBytes = 0;

  constructor(options: BodyBudgetOptions) {
    this.#options = options;
  }

  /** An empty share, to be released by the caller. */
  share({ isLarge }: { readonly isLarge: boolean }): BodyShare {
    let held = 0;
    const add = (bytes: number) => {
      held += bytes;
      this.#bytes += bytes;
      if (isLarge) this.#largeBytes += bytes;
    };
    return {
      grow: (bytes) => {
        const { maxBytes, maxLargeBytes } = this.#options;
        if (this.#bytes + bytes > maxBytes) return false;
        if (isLarge && this.#largeBytes + bytes > maxLargeBytes) return false;
        add(bytes);
        return true;
      },
      release: () => add(-held),
    };
  }
}
