import type { Clock } from "../../api/clock.ts";

export interface SettlingOptions {
  readonly clock: Clock;
  /** Time for all API servers to receive a registration with a new CA. @default 60 */
  readonly settleSeconds?: number;
  /** Whether the active registration has this CA (PEM text). @default time alone decides */
  readonly isTrusted?: (certificate: string) => boolean;
}

/** Decides when all clients can be assumed to trust the newest CA. */
export class Settling {
  readonly #options: SettlingOptions;
  #authority = "";
  #seenAt = 0;

  constructor(options: SettlingOptions) {
    this.#options = options;
  }

  /** Reports the current CA (PEM text). A change restarts the time. */
  see(authority: string): void {
    if (authority === this.#authority) return;
    this.#authority = authority;
    this.#seenAt = this.#options.clock.monotonic();
  }

  /**
   * Whether all clients can be assumed to trust the CA.
   *
   * @param served CA of the served certificate: once clients do not trust that any more, there is no reason to wait
   */
  isDone(served: string | undefined): boolean {
    const { clock, settleSeconds = 60, isTrusted = () => true } = this.#options;
    if (!isTrusted(this.#authority)) return false;
    return clock.monotonic() - this.#seenAt >= settleSeconds * 1_000 ||
      (served !== undefined && !isTrusted(served));
  }
}
