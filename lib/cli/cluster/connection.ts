import { findCluster } from "../../kube/cluster.ts";
import type { RestClient } from "../../kube/contract.ts";
import { denoHost } from "../../kube/host.ts";
import { ServerClock } from "../../kube/server_clock.ts";
import { FetchClient } from "../../kube/transport.ts";
import { systemClock } from "../../runtime/clock.ts";
import { createLogger } from "../../runtime/log.ts";
import { CliError, type Terminal } from "../terminal/terminal.ts";

/** Maximum delay of a timer. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** kubectl's flags that select the cluster. */
export interface ClusterOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  /** Timeout of a request in seconds; 0 means no timeout. */
  readonly requestTimeout?: number;
  /** User to impersonate. */
  readonly as?: string;
}

/** A client for the cluster of a kubeconfig context, or of the Pod that the program runs in. */
export interface Connection {
  readonly client: RestClient;
  /** Namespace of the kubeconfig context. */
  readonly namespace: string;
  /** Name of the kubeconfig context; absent in a Pod. */
  readonly context?: string;
  /** Current time by the API server's clock, estimated from its responses, since the local clock can be wrong. */
  now(): Date;
}

/** What a command with a cluster gets. */
export interface Live {
  readonly terminal: Terminal;
  readonly connection: Connection;
}

/**
 * Finds the cluster in kubectl's order: the kubeconfig of the option or KUBECONFIG, the in-cluster credentials, the
 * kubeconfig in the home folder. Sends no request.
 *
 * @throws {CliError} if the configuration is invalid or missing.
 */
export async function openConnection(
  { kubeconfig, context, requestTimeout, as }: ClusterOptions,
  terminal: Terminal,
): Promise<Connection> {
  const clock = systemClock();
  const logger = createLogger({
    level: "warn",
    format: "text",
    write: (line) => terminal.error(`${line}\n`),
    now: () => terminal.now(),
  });
  try {
    const cluster = await findCluster({
      host: { ...denoHost(), env: terminal.env },
      logger,
      clock,
      ...(kubeconfig === undefined ? {} : { kubeconfig }),
      ...(context === undefined ? {} : { context }),
    });
    const serverClock = new ServerClock(clock);
    const client = new FetchClient({
      cluster,
      clock,
      userAgent: "sidecarset-cli",
      ...(requestTimeout === undefined
        ? {}
        : { requestTimeoutMs: requestTimeout === 0 ? MAX_TIMEOUT_MS : requestTimeout * 1_000 }),
      ...(as === undefined ? {} : { impersonate: as }),
      observe: (observation) => serverClock.observe(observation),
    });
    return {
      client,
      namespace: cluster.defaultNamespace,
      ...(cluster.context === undefined ? {} : { context: cluster.context }),
      now: () => serverClock.now(),
    };
  } catch (error) {
    throw new CliError(error instanceof Error ? error.message : String(error));
  }
}
