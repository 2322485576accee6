import { findCluster } from "../../kube/cluster.ts";
import type { RestClient } from "../../kube/contract.ts";
import { denoHost } from "../../kube/host.ts";
import { ServerClock } from "../../kube/server_clock.ts";
import { FetchClient } from "../../kube/transport.ts";
import { systemClock } from "../../runtime/clock.ts";
import { createLogger } from "../../runtime/log.ts";
import { CliError, type Terminal } from "../terminal/terminal.ts";

/** The longest delay that a timer can have. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** Which cluster to talk to, as kubectl's own flags say it. */
export interface ClusterOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  /** Seconds until an answer must be complete; 0 is without end. */
  readonly requestTimeout?: number;
  /** The user to act as. */
  readonly as?: string;
}

/** A cluster that a command talks to. */
export interface Connection {
  readonly client: RestClient;
  /** The namespace that the kubeconfig's context names. */
  readonly namespace: string;
  /** The time by the API server's clock, as far as its answers have told it: this machine's may be set wrong. */
  now(): Date;
}

/** What a command that talks to a cluster is given. */
export interface Live {
  readonly terminal: Terminal;
  readonly connection: Connection;
}

/**
 * Finds the cluster in kubectl's order: the kubeconfig of the option or of KUBECONFIG, the cluster that this process runs
 * in, the kubeconfig in the home folder. Nothing is sent yet.
 *
 * @throws {CliError} that says what is wrong with the chosen place.
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
    return { client, namespace: cluster.defaultNamespace, now: () => serverClock.now() };
  } catch (error) {
    throw new CliError(error instanceof Error ? error.message : String(error));
  }
}
