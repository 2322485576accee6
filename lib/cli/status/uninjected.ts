import type { SidecarSet } from "../../api/sidecarset.ts";
import { resources } from "../../kube/resources.ts";
import type { Live } from "../cluster/connection.ts";
import {
  excludedNamespacesOf,
  type ExclusionOptions,
  unknownSidecarSet,
} from "../cluster/known_cluster.ts";
import { readLiveCluster } from "../cluster/live_cluster.ts";
import { ifAllowed, readAll } from "../cluster/reading.ts";
import {
  type Uninjected,
  type UninjectedGroup,
  uninjectedGroups,
  uninjectedState,
} from "../pods/uninjected.ts";
import { type DataFormat, isDataFormat, printData, table } from "../terminal/output.ts";

/**
 * The uninjected Pods by SidecarSet and reason; empty if this user may not read them. Sends no request if no SidecarSet
 * counts uninjected Pods.
 */
export async function readUninjected(
  sidecarSets: readonly SidecarSet[],
  { options, live: { terminal, connection: { client } } }: {
    options: ExclusionOptions;
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

export interface UninjectedPodsOptions extends ExclusionOptions {
  /** Names of SidecarSets; all if empty. */
  readonly names: readonly string[];
  /** List only missed Pods. */
  readonly missed?: boolean;
  readonly output: "text" | "wide" | "name" | DataFormat;
}

interface ListedPod extends Omit<Uninjected, "injectedWhenRecreated"> {
  readonly namespace: string;
  readonly name: string;
  readonly sidecarSet: string;
}

/**
 * Prints the uninjected Pods of SidecarSets, each with its reason.
 *
 * @returns 0.
 * @throws {CliError} for an unknown SidecarSet.
 */
export async function uninjectedPodsCommand(
  options: UninjectedPodsOptions,
  { terminal, connection: { client } }: Live,
): Promise<number> {
  const { names, missed = false, output } = options;
  const [cluster, pods] = await Promise.all([
    readLiveCluster(client, options.systemNamespace),
    readAll(client, resources.pods),
  ]);
  const known = cluster.sidecarSets.map(({ name }) => name);
  for (const name of names) if (!known.includes(name)) throw unknownSidecarSet(name, known);
  const facts = {
    cluster,
    excludedNamespaces: excludedNamespacesOf(options, cluster.excludedNamespaces),
    now: terminal.now(),
  };
  const listed = cluster.sidecarSets
    .filter(({ name }) => names.length === 0 || names.includes(name))
    .flatMap((prepared) =>
      pods.flatMap((pod): ListedPod[] => {
        const state = uninjectedState(pod, prepared, facts);
        if (state === undefined || (missed && !state.missed)) return [];
        const { injectedWhenRecreated: _recreated, ...why } = state;
        const { namespace = "", name = "" } = pod.metadata;
        return [{ namespace, name, sidecarSet: prepared.name, ...why }];
      })
    )
    .sort((a, b) => keyOf(a) < keyOf(b) ? -1 : 1);
  if (isDataFormat(output)) {
    await printData({ pods: listed }, { format: output, terminal });
  } else if (listed.length === 0) {
    terminal.error(`No ${missed ? "missed" : "uninjected"} Pods found.\n`);
  } else if (output === "name") {
    terminal.write([...new Set(listed.map(({ name }) => `pod/${name}\n`))].join(""));
  } else terminal.write(`${podTable(listed, output === "wide").join("\n")}\n`);
  return 0;
}

function podTable(pods: readonly ListedPod[], wide: boolean): string[] {
  const header = ["NAMESPACE", "NAME", "SIDECARSET", "MISSED", "REASON"];
  const rows = pods.map(({ namespace, name, sidecarSet, missed, reason, message }) => [
    namespace,
    name,
    sidecarSet,
    `${missed}`,
    reason ?? "SelectedLater",
    ...(wide ? [message] : []),
  ]);
  return table([wide ? [...header, "MESSAGE"] : header, ...rows]);
}

function keyOf({ namespace, name, sidecarSet }: ListedPod): string {
  return `${namespace}/${name}/${sidecarSet}`;
}
