import type { Clock } from "../api/clock.ts";
import { ServerGate } from "./server_gate.ts";
import { TokenBucket } from "./token_bucket.ts";

interface LimiterOptions {
  clock: Clock;
  /** How many may be under way. */
  maxInFlight: number;
  /** How many may start in a second in the long run; as many may start at once after a pause. */
  perSecond: number;
  /** Delays the next start where the event loop has been busy for long. @default no delay */
  pause?(): Promise<void> | undefined;
}

/**
 * Lets requests start in the order in which they came, bounded in number and by a token bucket. While the API server
 * does not answer, one at a time probes whether it does again.
 */
export class Limiter {
  readonly #options: LimiterOptions;
  readonly #gate: ServerGate;
  #inFlight = 0;
  readonly #bucket: TokenBucket;
  #turn: Promise<void> = Promise.resolve();
  #freed: (() => void) | undefined;

  constructor(options: LimiterOptions) {
    this.#options = options;
    this.#gate = new ServerGate(options);
    this.#bucket = new TokenBucket({ ...options, burst: options.perSecond });
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Sends a request when its turn has come; undefined when the signal is aborted before. */
  async run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
    const before = this.#turn;
    let next = () => {};
    this.#turn = new Promise((resolve) => next = resolve);
    await before;
    let isProbe = false;
    try {
      await this.#admission(signal);
      isProbe = await this.#gate.pass(signal);
      await this.#options.pause?.();
      if (signal.aborted) {
        if (isProbe) this.#gate.endProbe();
        return undefined;
      }
      this.#inFlight++;
    } finally {
      next();
    }
    try {
      return await this.#gate.watch(work, { isProbe });
    } finally {
      this.#inFlight--;
      this.#freed?.();
    }
  }

  async #admission(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && this.#inFlight >= this.#options.maxInFlight) {
      await this.#untilFreed(signal);
    }
    const { wait } = this.#bucket;
    if (wait > 0) await this.#options.clock.sleep(wait, signal);
    this.#bucket.spend();
  }

  #untilFreed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#freed = undefined;
        signal.removeEventListener("abort", done);
        resolve();
      };
      this.#freed = done;
      signal.addEventListener("abort", done, { once: true });
    });
  }
}
