import type { ClusterOptions, Connection } from "../cluster/connection.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { settingOf } from "./options.ts";

/** The environment of a command. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly connect: Connect;
  /** Sets the exit status of the program. */
  exit(status: number): void;
}

/** Connects to the cluster that the options or the environment select. */
export type Connect = (options: ClusterOptions, terminal: Terminal) => Promise<Connection>;

/** Imports the API client on demand: most commands need no cluster. */
export const connect: Connect = async (options, terminal) => {
  const { openConnection } = await import("../cluster/connection.ts");
  return await openConnection(options, terminal);
};

/** Options as given: the namespace of the controller is optional. */
export type Given<T extends { readonly systemNamespace: string }> =
  & Omit<T, "systemNamespace">
  & { readonly systemNamespace?: string };

/**
 * Completes the options with the namespace of the controller: the given one, the one of the webhook registration, or
 * the default.
 *
 * @param connection Undefined for a command that works on files alone.
 */
export async function withSystemNamespace<T extends { readonly systemNamespace?: string }>(
  options: T,
  connection: Connection | undefined,
): Promise<T & { readonly systemNamespace: string }> {
  const { systemNamespace } = options;
  if (systemNamespace !== undefined) return { ...options, systemNamespace };
  const found = connection && await readRegisteredNamespace(connection);
  return { ...options, systemNamespace: found ?? settingOf("namespace") };
}

async function readRegisteredNamespace({ client }: Connection): Promise<string | undefined> {
  const { registeredNamespace } = await import("../cluster/live_cluster.ts");
  return await registeredNamespace(client);
}
