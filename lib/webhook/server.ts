import type { Clock } from "../api/clock.ts";
import type { TlsIdentity } from "./certificates/identity.ts";
import { type Generation, type GenerationOptions, startGeneration } from "./generation.ts";

export interface WebhookServerOptions extends GenerationOptions {
  readonly clock: Clock;
  /** How long an old certificate is served beside the new one at least. @default 10000 */
  readonly overlapMs?: number;
  /** How long a moment without a request is waited for after that. @default 20000 */
  readonly quietDeadlineMs?: number;
  /** How long an old listener may take to close its connections before it is no longer waited for. @default 10000 */
  readonly shutdownDeadlineMs?: number;
}

export interface WebhookServer {
  readonly port: number;
  /** Requests under way, on the old listeners too. */
  inFlight(): number;
  /**
   * Serves new connections with another certificate. The listener with the old one is ended later, in a quiet moment: a
   * connection that it closes while a review is under way is a failed call. Throws, and changes nothing, when the
   * certificate cannot be used.
   */
  swap(identity: TlsIdentity): void;
  /**
   * Takes no more connections and waits for the requests under way; false when they, or a peer that never completed its
   * handshake, were not done within the deadline. Their connections end with the process.
   */
  stop(deadlineMs: number): Promise<boolean>;
}

/** How often a quiet moment is looked for. */
const QUIET_POLL_MS = 5;

/**
 * Serves the webhook over TLS. Deno.serve cannot change its certificate, so each certificate gets a listener of its own
 * and the kernel spreads new connections over those that share the port. Throws when the port or the certificate cannot
 * be used.
 */
export function startServer(
  identity: TlsIdentity,
  options: WebhookServerOptions,
): WebhookServer {
  const { clock, logger } = options;
  let current = startGeneration(identity, options);
  const port = current.port;
  // In the kernel's order, which `SocketTuning.steer` explains.
  const sharing = [current];
  const stopping = new AbortController();
  logger.info("Serving admission reviews", { hostname: options.hostname, port });

  async function retire(old: Generation): Promise<void> {
    await clock.sleep(options.overlapMs ?? 10_000, stopping.signal);
    const patience = clock.monotonic() + (options.quietDeadlineMs ?? 20_000);
    while (old.inFlight() > 0 && clock.monotonic() < patience && !stopping.signal.aborted) {
      await clock.sleep(QUIET_POLL_MS, stopping.signal);
    }
    if (
      !await within(old.shutdown(), { deadlineMs: options.shutdownDeadlineMs ?? 10_000, clock })
    ) {
      logger.warn("An old listener still has connections that do not end", { port });
    }
    const place = sharing.indexOf(old);
    const last = sharing.pop();
    if (last && last !== old) sharing[place] = last;
    if (sharing.length > 1) options.sockets.steer(port, sharing.indexOf(current));
  }

  return {
    port,
    inFlight: () => sharing.reduce((sum, generation) => sum + generation.inFlight(), 0),
    swap(next) {
      const old = current;
      current = startGeneration(next, { ...options, port });
      sharing.push(current);
      // The old listener must not meet a connection whose handshake its end would cut short.
      options.sockets.steer(port, sharing.length - 1);
      void retire(old);
      logger.info("Serving a new certificate", { port });
    },
    stop(deadlineMs) {
      stopping.abort();
      const closing = sharing.map((generation) => generation.shutdown());
      return within(Promise.all(closing), { deadlineMs, clock });
    },
  };
}

/** Whether something is done in time; shutting down may take for ever, see `Generation.shutdown`. */
async function within(
  work: Promise<unknown>,
  { deadlineMs, clock }: { deadlineMs: number; clock: Clock },
): Promise<boolean> {
  const done = new AbortController();
  try {
    return await Promise.race([
      work.then(() => true),
      clock.sleep(deadlineMs, done.signal).then(() => false),
    ]);
  } finally {
    done.abort();
  }
}
