import type { Clock } from "../api/clock.ts";
import type { Logger } from "../api/logger.ts";
import type { TlsIdentity } from "./certificates/identity.ts";
import type { SocketTuning } from "./socket_tuning.ts";

/** The listener, and the deadlines of its replacement and shutdown in milliseconds. */
export interface WebhookServerOptions extends GenerationOptions {
  /** Time for which the old listener stays open. @default 10000 */
  readonly overlapMs?: number;
  /** Time for the old listener to close its connections; afterwards it is not awaited. @default 10000 */
  readonly shutdownDeadlineMs?: number;
}

/** The listening webhook. */
export interface WebhookServer {
  readonly port: number;
  /** Requests in flight, including those of old listeners. */
  inFlight(): number;
  /**
   * Serves new connections with another certificate. The old listener ends later, when no connection is in its
   * handshake any more.
   *
   * @throws if the certificate cannot be used; the served one stays
   */
  swap(identity: TlsIdentity): void;
  /**
   * Accepts no more connections and waits for the requests in flight.
   *
   * @returns false if the deadline passed: a request, or a client without a complete handshake, still has a connection,
   * which ends with the process
   */
  stop(deadlineMs: number): Promise<boolean>;
}

/** Interval of checks whether a listener is closed. */
const CLOSE_POLL_MS = 1;
/** Deno closes a listener within an iteration of its event loop. */
const CLOSE_DEADLINE_MS = 1_000;
/** Interval of checks whether clients have closed their connections. */
const LINGER_POLL_MS = 5;

/**
 * Serves the webhook over TLS. Deno.serve cannot change its certificate, so each certificate has its own listener on
 * the same port.
 *
 * @throws if the port or the certificate cannot be used
 */
export function startServer(
  identity: TlsIdentity,
  options: WebhookServerOptions,
): WebhookServer {
  const { clock, logger } = options;
  let current = startGeneration(identity, options);
  const port = current.port;
  // In the kernel's order, see `SocketTuning.steer`.
  const generations = [current];
  /** Those that have not ended: a closed listener can have connections. */
  const serving = new Set(generations);
  /** Listeners close one after another, so that their order is known. */
  let closing = Promise.resolve();
  const stopping = new AbortController();
  logger.info("Serving admission reviews", { hostname: options.hostname, port });

  async function retire(old: Generation): Promise<void> {
    await clock.sleep(options.overlapMs ?? 10_000, stopping.signal);
    closing = closing.then(() => closeListener(old));
    await closing;
    const deadlineMs = options.shutdownDeadlineMs ?? 10_000;
    if (!await within(old.shutdown(), { deadlineMs, clock })) {
      logger.warn("An old listener has connections that do not end", { port });
    }
  }

  /**
   * Closes the listener, whose connections may last: the kernel then has another order, in which new connections would
   * reach any listener, with whatever certificate it has.
   */
  async function closeListener(old: Generation): Promise<void> {
    const deadline = clock.monotonic() + CLOSE_DEADLINE_MS;
    void old.shutdown().then(() => serving.delete(old));
    while (isOpen(old) && clock.monotonic() < deadline && !stopping.signal.aborted) {
      await clock.sleep(CLOSE_POLL_MS, stopping.signal);
    }
    const place = generations.indexOf(old);
    const last = generations.pop();
    if (last && last !== old) generations[place] = last;
    if (generations.length > 1 && !stopping.signal.aborted) {
      options.sockets.steer(port, generations.indexOf(current));
    }
  }

  /** A closed listener's descriptor can be that of a newer one. */
  function isOpen({ descriptor }: Generation): boolean {
    return descriptor !== undefined && options.sockets.isListening(descriptor, port) &&
      generations.filter((each) => each.descriptor === descriptor).length === 1;
  }

  return {
    port,
    inFlight: () => [...serving].reduce((sum, generation) => sum + generation.inFlight(), 0),
    swap(next) {
      const old = current;
      current = startGeneration(next, { ...options, port });
      generations.push(current);
      serving.add(current);
      // No connection may be in its handshake when the old listener ends.
      options.sockets.steer(port, generations.length - 1);
      void retire(old);
      logger.info("Serving a new certificate", { port });
    },
    stop(deadlineMs) {
      stopping.abort();
      const ending = [...serving].map((generation) => generation.shutdown());
      return within(Promise.all(ending), { deadlineMs, clock });
    },
  };
}

/** Whether the work ends within the deadline. A shutdown can last indefinitely, see `Generation.shutdown`. */
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

/** A listener with one certificate. */
interface Generation {
  readonly port: number;
  /** Of its listening socket; undefined where sockets cannot be tuned. */
  readonly descriptor: number | undefined;
  /** Requests in flight. */
  inFlight(): number;
  /**
   * Ends the listener and, after their requests, its connections, and waits until clients have read the responses. Does
   * not resolve while a client has sent no ClientHello or HTTP/2 preface on a connection. Can be called again.
   */
  shutdown(): Promise<void>;
}

interface GenerationOptions {
  readonly handler: (request: Request) => Response | Promise<Response>;
  readonly hostname: string;
  /** 0 selects a free port, which the result's `port` has. */
  readonly port: number;
  readonly sockets: SocketTuning;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Time in milliseconds for the last requests, and for clients to read their responses. @default 5000 */
  readonly lingerMs?: number;
}

/**
 * Starts a listener next to existing ones of the port.
 *
 * @throws if the port or the certificate cannot be used
 */
function startGeneration(identity: TlsIdentity, options: GenerationOptions): Generation {
  const { handler, hostname, port, sockets, clock, logger, lingerMs = 5_000 } = options;
  let inFlight = 0;
  const server = Deno.serve({
    hostname,
    port,
    cert: identity.cert,
    key: identity.key,
    reusePort: true,
    onListen() {},
    onError(error) {
      logger.error("The handler failed", {
        error: error instanceof Error ? error.stack ?? error.message : String(error),
      });
      return new Response("The webhook failed: its log says why\n", { status: 500 });
    },
  }, async (request) => {
    inFlight++;
    try {
      return await handler(request);
    } finally {
      inFlight--;
    }
  });
  const descriptor = sockets.noDelay(server.addr.port);
  let shutdown: Promise<void> | undefined;

  async function end(): Promise<void> {
    const connections = sockets.hold(server.addr.port);
    const ended = server.shutdown();
    const lingerUntil = clock.monotonic() + lingerMs;
    await within(ended, { deadlineMs: lingerMs, clock });
    while (connections.areClosing() && clock.monotonic() < lingerUntil) {
      await clock.sleep(LINGER_POLL_MS);
    }
    connections.release();
    await ended;
  }

  return {
    port: server.addr.port,
    descriptor,
    inFlight: () => inFlight,
    shutdown: () => shutdown ??= end(),
  };
}
