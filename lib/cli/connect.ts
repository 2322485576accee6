import type { RestClient } from "../kube/contract.ts";
import type { Terminal } from "./terminal.ts";

/** Which cluster to talk to, as kubectl's own flags say it. */
export interface ClusterOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
}

/** A cluster that a command talks to. */
export interface Connection {
  readonly client: RestClient;
  /** The namespace that the kubeconfig's context names. */
  readonly namespace: string;
}

/** What a command that talks to a cluster is given. */
export interface Live {
  readonly terminal: Terminal;
  readonly connection: Connection;
}

/** Finds the cluster that options and environment name. */
export type Connect = (options: ClusterOptions, terminal: Terminal) => Promise<Connection>;

/** Loads the API client only now: most commands need no cluster. */
export const connect: Connect = async (options, terminal) => {
  const { openConnection } = await import("./live/connection.ts");
  return await openConnection(options, terminal);
};
