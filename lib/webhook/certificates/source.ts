import type { Clock } from "../../api/clock.ts";
import type { Logger } from "../../api/logger.ts";
import type { TlsIdentity } from "./identity.ts";

export interface ServingCertificate extends TlsIdentity {
  readonly notAfter: Date;
}

/** Where the webhook's certificate comes from. */
export interface CertificateSource {
  /** The certificate to serve; undefined until the first `check()` succeeded. */
  current(): ServingCertificate | undefined;
  /**
   * The authorities that clients must trust, PEM text, the old and the new one while they change; empty until the first
   * `check()`.
   */
  caBundle(): string;
  /**
   * Looks once for what has changed or is due and tells the listener. Throws when it could not; what is served stays.
   */
  check(): Promise<void>;
}

/** When a method throws, the source remembers nothing of the call and calls again at its next check. */
export interface CertificateListener {
  onCertificate(certificate: ServingCertificate): void;
  onCaBundle(bundle: string): void;
}

export interface KeepCheckingOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** @default 10000 */
  readonly pollMs?: number;
  /** Told of each check, for metrics. */
  observe?(ok: boolean): void;
}

/**
 * Checks a source again and again until the signal is aborted; a check that fails is logged and made again at the next
 * turn.
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
