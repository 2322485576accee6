import type { Terminal } from "../terminal/terminal.ts";
import type { Connection } from "./connection.ts";
import { type KnownCluster, overlaid } from "./known_cluster.ts";

export interface SurroundingsOptions {
  readonly excludeNamespaces: readonly string[];
  /** The controller's own. */
  readonly systemNamespace: string;
}

/** What a command is given that talks to a cluster only where it is asked to. */
export interface MaybeLive {
  readonly terminal: Terminal;
  /** Absent where files are all that is asked about. */
  readonly connection?: Connection;
}

/** The namespaces that nothing is injected in: those that are named, the controller's own, and those that the registration excludes. */
export function excludedNamespacesOf(
  { excludeNamespaces, systemNamespace }: SurroundingsOptions,
  registered: readonly string[],
): string[] {
  return [...new Set([...excludeNamespaces, systemNamespace, ...registered])];
}

/** What decides about a Pod beside the Pod: files alone, or files over what a cluster has. */
export async function surroundings(
  options: SurroundingsOptions,
  { files, connection }: { files: KnownCluster; connection: Connection | undefined },
): Promise<{ cluster: KnownCluster; excludedNamespaces: readonly string[] }> {
  if (connection === undefined) {
    return { cluster: files, excludedNamespaces: excludedNamespacesOf(options, []) };
  }
  const { readLiveCluster } = await import("./live_cluster.ts");
  const live = await readLiveCluster(connection.client, options.systemNamespace);
  const excludedNamespaces = excludedNamespacesOf(options, live.excludedNamespaces);
  return { cluster: { ...overlaid(live, files), excludedNamespaces }, excludedNamespaces };
}
