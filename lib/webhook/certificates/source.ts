import type { Clock } from "../../api/clock.ts";
import type { Logger } from "../../api/logger.ts";
import type { TlsIdentity } from "./identity.ts";

/** A certificate and its key as PEM text, with its end. */
export interface ServingCertificate extends TlsIdentity {
  readonly notAfter: Date;
}

/** Provides the webhook's certificate and the CA bundle. */
export interface CertificateSource {
  /** The certificate to serve; undefined until the first `check()` succeeded. */
  current(): ServingCertificate | undefined;
  /**
   * CA bundle (PEM text) for the registration, with the old and the new CA during a rotation; empty until the first
   * `check()`.
   */
  caBundle(): string;
  /**
   * Checks once for a change or a due renewal, and calls the listener. On an error, which it throws, the served
   * certificate stays.
   */
  check(): Promise<void>;
}

/** Receives changes. If a method throws, the source calls it again at its next check. */
export interface CertificateListener {
  /** The certificate to serve. */
  onCertificate(certificate: ServingCertificate): void;
  /** The CA bundle to register; PEM text. */
  onCaBundle(bundle: string): void;
}

interface KeepCheckingOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** @default 10000 */
  readonly pollMs?: number;
  /** Called after each check, for metrics. */
  observe?(ok: boolean): void;
}

/**
 * Checks a source periodically until the signal is aborted. A failed check is logged and repeated at the next interval.
 * Never rejects.
 */
export async function keepChecking(
  source: CertificateSource,
  options: KeepCheckingOptions,
): Promise<void> {
  const { clock, logger, signal, pollMs = 10_000 } = options;
  while (!signal.aborted) {
    try {
      await source.check();
      options.observe?.(true);
    } catch (error) {
      options.observe?.(false);
      logger.error("Cannot check the webhook's certificate", {
        error: error instanceof Error ? error.message : String(error),
        notAfter: source.current()?.notAfter.toISOString(),
      });
    }
    await clock.sleep(pollMs, signal);
  }
}

/** When a new certificate may be served: its authority is trusted, for some seconds. */
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
