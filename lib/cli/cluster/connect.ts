import type { Terminal } from "../terminal/terminal.ts";
import type { ClusterOptions, Connection } from "./connection.ts";

/** Finds the cluster that options and environment name. */
export type Connect = (options: ClusterOptions, terminal: Terminal) => Promise<Connection>;

/** Loads the API client only now: most commands need no cluster. */
export const connect: Connect = async (options, terminal) => {
  const { openConnection } = await import("./connection.ts");
  return await openConnection(options, terminal);
};
