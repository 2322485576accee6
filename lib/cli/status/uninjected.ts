import type { SidecarSet } from "../../api/sidecarset.ts";
import type { Pod } from "../../api/pod.ts";
import { resources } from "../../kube/resources.ts";
import type { Live } from "../cluster/connection.ts";
import {
  excludedNamespacesOf,
  type ExclusionOptions,
  unknownSidecarSet,
} from "../cluster/known_cluster.ts";
import { type MissingRight, missingRightsText, TolerantReader } from "../cluster/missing_rights.ts";
import { readAll } from "../cluster/reading.ts";
import { readVisibleCluster, type VisibleCluster } from "../cluster/visible_cluster.ts";
import {
  type Uninjected,
  type UninjectedGroup,
  uninjectedGroups,
  uninjectedState,
} from "../pods/uninjected.ts";
import { type DataFormat, isDataFormat, printData, table } from "../terminal/output.ts";
import { CliError } from "../terminal/terminal.ts";

/**
 * The uninjected Pods by SidecarSet and reason, as far as this user may read them. Sends no request if no SidecarSet
 * counts uninjected Pods.
 */
export async function readUninjected(
  sidecarSets: readonly SidecarSet[],
  { options, live }: { options: VisibleOptions; live: Live },
): Promise<ReadonlyMap<string, readonly UninjectedGroup[]>> {
  const { terminal } = live;
  const concerned = sidecarSets.filter(({ status }) => (status?.uninjectedPods ?? 0) > 0);
  if (concerned.length === 0) return new Map();
  const { cluster, pods = [], missing } = await readVisible(options, live);
  terminal.error(missingRightsText(missing));
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

interface VisibleOptions extends ExclusionOptions {
  /** Namespace of the Pods; all if absent, or the context's if this user may not list all. */
  readonly namespace?: string;
}

/** Flags of `sidecarset status --uninjected` and `--missed`, with the names of the SidecarSets. */
export interface UninjectedPodsOptions extends VisibleOptions {
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
 * @throws {CliError} for an unknown SidecarSet, or if this user may list no Pods.
 */
export async function uninjectedPodsCommand(
  options: UninjectedPodsOptions,
  live: Live,
): Promise<number> {
  const { terminal } = live;
  const { names, missed = false, output } = options;
  const { cluster, pods, missing } = await readVisible(options, live);
  if (pods === undefined) throw unknownPods(missing);
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
  terminal.error(missingRightsText(missing));
  return 0;
}

/** SidecarSets, and the Pods that this user may list; undefined if none. */
interface Visible {
  readonly cluster: VisibleCluster;
  readonly pods: readonly Pod[] | undefined;
  readonly missing: readonly MissingRight[];
}

async function readVisible(
  { systemNamespace, namespace: given }: VisibleOptions,
  { connection }: Live,
): Promise<Visible> {
  const { client } = connection;
  const namespace = given ?? connection.namespace;
  const reader = new TolerantReader();
  const listAll = () =>
    reader.read(readAll(client, resources.pods), resources.pods, {
      verb: "list",
      hides: `the Pods of other namespaces than ${namespace}`,
    });
  const listOne = () =>
    reader.read(readAll(client, resources.pods, { namespace }), resources.pods, {
      verb: "list",
      namespace,
      hides: "its Pods",
    });
  const pods = (given === undefined ? await listAll() : undefined) ?? await listOne();
  const namespaces = (pods ?? []).map(({ metadata }) => metadata.namespace ?? "");
  const cluster = await readVisibleCluster(client, { systemNamespace, namespaces });
  const missing = [...reader.missing, ...cluster.missingRights];
  if (cluster.knowsSidecarSets) return { cluster, pods, missing };
  throw unknownPods(missing);
}

function unknownPods(missing: readonly MissingRight[]): CliError {
  return new CliError(`Cannot list Pods without sidecars. ${missingRightsText(missing)}`.trimEnd());
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
