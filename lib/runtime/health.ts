import type { Logger } from "../api/logger.ts";
import { requireFree } from "./listen.ts";

/** One thing that must hold for the process to be ready; gives what is wrong, or undefined. */
export interface ReadinessCheck {
  readonly name: string;
  check(): string | undefined;
}

interface HealthOptions {
  readonly checks: readonly ReadinessCheck[];
  /** The metrics in Prometheus' text format. */
  metrics(): { contentType: string; text: string };
}

/** Answers `/healthz`, `/readyz` (a line a check, as kube-apiserver prints them) and `/metrics`. */
export function createHealthHandler(
  options: HealthOptions,
): (request: Request) => Response {
  return function handleHealth(request: Request): Response {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return text("Cannot serve this method: use GET\n", 405);
    }
    switch (new URL(request.url).pathname) {
      case "/healthz":
        return text("ok\n");
      case "/readyz":
        return readiness(options.checks);
      case "/metrics": {
        const { contentType, text: body } = options.metrics();
        return new Response(body, { headers: { "content-type": contentType } });
      }
      default:
        return text("Cannot serve this path: there are /healthz, /readyz and /metrics\n", 404);
    }
  };
}

function readiness(checks: readonly ReadinessCheck[]): Response {
  const results = checks.map(({ name, check }) => ({ name, problem: check() }));
  const lines = results.map(({ name, problem }) =>
    problem === undefined ? `[+]${name} ok` : `[-]${name} failed: ${problem}`
  );
  const ready = results.every(({ problem }) => problem === undefined);
  return text(`${lines.join("\n")}\n${ready ? "ok" : "not ready"}\n`, ready ? 200 : 503);
}

function text(body: string, status = 200): Response {
  return new Response(body, { status, headers: { "content-type": "text/plain; charset=utf-8" } });
}

/** The listening server for probes and metrics. */
interface HealthServer {
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * Serves the health handler over plain HTTP.
 *
 * @throws {ListenError} when the address cannot be listened on
 */
export function startHealthServer(
  handler: (request: Request) => Response,
  options: { hostname: string; port: number; logger: Logger },
): HealthServer {
  const { hostname, port, logger } = options;
  requireFree({ hostname, port, setting: "--health-port" });
  const server = Deno.serve({
    hostname,
    port,
    onListen: ({ hostname, port }) =>
      logger.info("Serving health and metrics", { address: `${hostname}:${port}` }),
  }, handler);
  return { port: server.addr.port, stop: () => server.shutdown() };
}
