import type { ClusterOptions, Connection } from "../cluster/connection.ts";
import type { Terminal } from "../terminal/terminal.ts";

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
