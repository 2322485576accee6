import type { SidecarSet } from "../../api/sidecarset.ts";
import { resources } from "../../kube/resources.ts";
import type { Live } from "../cluster/connection.ts";
import { readLiveCluster } from "../cluster/live_cluster.ts";
import { ifAllowed, readAll } from "../cluster/reading.ts";
import { excludedNamespacesOf, type SurroundingsOptions } from "../cluster/surroundings.ts";
import { type UninjectedGroup, uninjectedGroups } from "../pods/uninjected.ts";

/**
 * The uninjected Pods of the SidecarSets that count some, by reason. A SidecarSet whose Pods this user may not read is left out. Nothing
 * is read where no SidecarSet counts any.
 */
export async function readUninjected(
  sidecarSets: readonly SidecarSet[],
  { options, live: { terminal, connection: { client } } }: {
    options: SurroundingsOptions;
    live: Live;
  },
): Promise<ReadonlyMap<string, readonly UninjectedGroup[]>> {
  const concerned = sidecarSets.filter(({ status }) => (status?.uninjectedPods ?? 0) > 0);
  if (concerned.length === 0) return new Map();
  const [cluster, pods] = await Promise.all([
    ifAllowed(readLiveCluster(client, options.systemNamespace)),
    ifAllowed(readAll(client, resources.pods)),
  ]);
  if (cluster === undefined || pods === undefined) return new Map();
  const names = new Set(concerned.map(({ metadata }) => metadata.name));
  const facts = {
    cluster,
    excludedNamespaces: excludedNamespacesOf(options, cluster.excludedNamespaces),
    now: terminal.now(),
  };
  return new Map(
    cluster.sidecarSets.filter(({ name }) => names.has(name))
      .map((prepared) => [prepared.name, uninjectedGroups(pods, prepared, facts)]),
  );
}
