import type { Logger } from "../api/logger.ts";
import type { TlsIdentity } from "./certificates/identity.ts";
import type { SocketTuning } from "./socket_tuning.ts";

/** One listener with one certificate. */
export interface Generation {
  readonly port: number;
  /** Requests under way. */
  inFlight(): number;
  /**
   * Ends the listener and, once their requests are done, its connections. Never resolves while a peer holds a
   * connection on which it has not sent its ClientHello or HTTP/2 preface. May be called again.
   */
  shutdown(): Promise<void>;
}

export interface GenerationOptions {
  readonly handler: (request: Request) => Response | Promise<Response>;
  readonly hostname: string;
  /** 0 takes a free one; `port` of the result then says which. */
  readonly port: number;
  readonly sockets: SocketTuning;
  readonly logger: Logger;
}

/**
 * Starts a listener beside those that the port may already have. Throws when the port or the certificate cannot be
 * used.
 */
export function startGeneration(identity: TlsIdentity, options: GenerationOptions): Generation {
  const { handler, hostname, port, logger } = options;
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
  options.sockets.noDelay(server.addr.port);
  let shutdown: Promise<void> | undefined;
  return {
    port: server.addr.port,
    inFlight: () => inFlight,
    shutdown: () => shutdown ??= server.shutdown(),
  };
}
