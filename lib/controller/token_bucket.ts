import type { Clock } from "../api/clock.ts";

interface TokenBucketOptions {
  readonly clock: Pick<Clock, "monotonic">;
  /** Tokens of a full bucket. */
  readonly burst: number;
  /** Tokens that are added in a second. */
  readonly perSecond: number;
}

/** Token bucket: as many at once as it holds, and a rate in the long run. It begins full. */
export class TokenBucket {
  readonly #options: TokenBucketOptions;
  #tokens: number;
  #filledAt: number;

  constructor(options: TokenBucketOptions) {
    this.#options = options;
    this.#tokens = options.burst;
    this.#filledAt = options.clock.monotonic();
  }

  /** Milliseconds until there is a token. */
  get wait(): number {
    this.#fill();
    return Math.max(0, (1 - this.#tokens) / this.#options.perSecond * 1_000);
  }

  /** Takes a token if there is one. @returns whether there was */
  take(): boolean {
    if (this.wait > 0) return false;
    this.#tokens--;
    return true;
  }

  /** Takes a token, or the next one that there will be. */
  spend(): void {
    this.#fill();
    this.#tokens--;
  }

  #fill(): void {
    const { clock, burst, perSecond } = this.#options;
    const now = clock.monotonic();
    this.#tokens = Math.min(burst, this.#tokens + (now - this.#filledAt) / 1_000 * perSecond);
    this.#filledAt = now;
  }
}
