import type { Clock } from "../../api/clock.ts";

export interface SettlingOptions {
  readonly clock: Clock;
  /**
   * How long after it was first seen an authority may sign: until then API servers may not have got the registration
   * with it. @default 60
   */
  readonly settleSeconds?: number;
  /** Whether the registration in force has this certificate authority (PEM text); without it, time alone decides. */
  readonly isTrusted?: (certificate: string) => boolean;
}

/** Tells when every client can be taken to trust the certificate authority that was seen last. */
export class Settling {
  readonly #options: SettlingOptions;
  #authority = "";
  #seenAt = 0;

  constructor(options: SettlingOptions) {
    this.#options = options;
  }

  /** Takes note of the authority, given as PEM text. */
  see(authority: string): void {
    if (authority === this.#authority) return;
    this.#authority = authority;
    this.#seenAt = this.#options.clock.monotonic();
  }

  /**
   * @param served The authority behind what is served until then: there is nothing to wait for once that is not trusted
   * any more.
   */
  isDone(served: string | undefined): boolean {
    const { clock, settleSeconds = 60, isTrusted = () => true } = this.#options;
    if (!isTrusted(this.#authority)) return false;
    return clock.monotonic() - this.#seenAt >= settleSeconds * 1_000 ||
      (served !== undefined && !isTrusted(served));
  }
}
