import type { Logger } from "../api/logger.ts";
import type { TlsIdentity } from "./certificates/identity.ts";
import type { SocketTuning } from "./socket_tuning.ts";

/** A listener with one certificate. */
export interface Generation {
  readonly port: number;
  /** Requests in flight. */
  inFlight(): number;
  /**
   * Ends the listener and, after their requests, its connections. Does not resolve while a client has sent no
   * ClientHello or HTTP/2 preface on a connection. Can be called again.
   */
  shutdown(): Promise<void>;
}

export interface GenerationOptions {
  readonly handler: (request: Request) => Response | Promise<Response>;
  readonly hostname: string;
  /** 0 selects a free port, which the result's `port` has. */
  readonly port: number;
  readonly sockets: SocketTuning;
  readonly logger: Logger;
}

/**
 * Starts a listener next to existing ones of the port.
 *
 * @throws if the port or the certificate cannot be used
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
