import type { ClusterOptions, Connection } from "../cluster/connection.ts";
import type { Terminal } from "../terminal/terminal.ts";

/** What a command is given when it is added to the program. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly connect: Connect;
  /** Tells the exit status of a command that ran. */
  exit(status: number): void;
}

/** Finds the cluster that options and environment name. */
export type Connect = (options: ClusterOptions, terminal: Terminal) => Promise<Connection>;

/** Loads the API client only now: most commands need no cluster. */
export const connect: Connect = async (options, terminal) => {
  const { openConnection } = await import("../cluster/connection.ts");
  return await openConnection(options, terminal);
};
