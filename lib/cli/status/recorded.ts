import { injectedSidecarSets } from "../../core/annotations/injected_list.ts";
import { isActive } from "../../core/status/readiness.ts";
import { recordOf } from "../../core/status/record.ts";
import { resources } from "../../kube/resources.ts";
import type { Live } from "../cluster/connection.ts";
import { missingRightsText, TolerantReader } from "../cluster/missing_rights.ts";
import { readAll } from "../cluster/reading.ts";
import { isDataFormat, printData, table } from "../terminal/output.ts";
import { CliError } from "../terminal/terminal.ts";
import type { UninjectedPodsOptions } from "./uninjected.ts";

/** What the Pods of a namespace record of a SidecarSet. */
interface RecordedSidecarSet {
  readonly name: string;
  readonly pods: number;
  /** Revisions in the Pods. */
  readonly revisions: readonly string[];
}

/**
 * Prints the SidecarSets that the Pods of a namespace record, by default the context's, for a user who may not list
 * SidecarSets.
 *
 * @returns 0.
 * @throws {CliError} if this user may not list those Pods either.
 */
export async function recordedCommand(
  { names, output, namespace: given }: Pick<
    UninjectedPodsOptions,
    "names" | "output" | "namespace"
  >,
  { terminal, connection }: Live,
): Promise<number> {
  const { client, namespace } = { ...connection, ...(given !== undefined && { namespace: given }) };
  const reader = new TolerantReader();
  await reader.read(readAll(client, resources.sidecarSets), resources.sidecarSets, {
    verb: "list",
    hides: "the state of SidecarSets and their roll-outs (ClusterRole sidecarset-view)",
  });
  const pods = await reader.read(readAll(client, resources.pods, { namespace }), resources.pods, {
    verb: "list",
    namespace,
    hides: "which SidecarSets its Pods have",
  });
  const missing = missingRightsText(reader.missing);
  if (pods === undefined) throw new CliError(`Cannot show a status. ${missing}`.trimEnd());
  const found = new Map<string, { pods: number; revisions: Set<string> }>();
  for (const pod of pods.filter(isActive)) {
    for (const name of injectedSidecarSets(pod)) {
      const known = found.get(name) ?? { pods: 0, revisions: new Set() };
      const revision = recordOf(pod, name).full?.controllerRevision;
      if (revision) known.revisions.add(revision);
      found.set(name, { ...known, pods: known.pods + 1 });
    }
  }
  const shown: RecordedSidecarSet[] = [...found]
    .filter(([name]) => names.length === 0 || names.includes(name))
    .map(([name, { pods, revisions }]) => ({ name, pods, revisions: [...revisions].sort() }))
    .sort((a, b) => a.name < b.name ? -1 : 1);
  if (isDataFormat(output)) {
    const { missing: missingRights } = reader;
    await printData({ namespace, sidecarSets: shown, missingRights }, { format: output, terminal });
  } else {
    const rows = shown.map((each) => [each.name, `${each.pods}`, each.revisions.join(",")]);
    const lines = table([["NAME", "PODS", "REVISIONS"], ...rows]);
    terminal.write(`In the Pods of namespace ${namespace}:\n${lines.join("\n")}\n`);
  }
  terminal.error(missing);
  return 0;
}
