import type { Connection } from "./live/connection.ts";
import { type KnownCluster, overlaid } from "./known_cluster.ts";

export interface SurroundingsOptions {
  readonly excludeNamespaces: readonly string[];
  /** The controller's own. */
  readonly systemNamespace: string;
}

/** What decides about a Pod beside the Pod: files alone, or files over what a cluster has. */
export async function surroundings(
  { excludeNamespaces, systemNamespace }: SurroundingsOptions,
  { files, connection }: { files: KnownCluster; connection: Connection | undefined },
): Promise<{ cluster: KnownCluster; excludedNamespaces: readonly string[] }> {
  const excludedNamespaces = [...new Set([...excludeNamespaces, systemNamespace])];
  if (connection === undefined) return { cluster: files, excludedNamespaces };
  const { readLiveCluster } = await import("./live/live_cluster.ts");
  const live = await readLiveCluster(connection.client, systemNamespace);
  return { cluster: overlaid(live, files), excludedNamespaces };
}
