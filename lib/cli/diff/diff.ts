import type { PreparedSidecarSet } from "../../core/prepared.ts";
import { compareRevisions } from "../../core/revision/comparisons.ts";
import { resources } from "../../kube/resources.ts";
import type { ClusterOptions, Live } from "../cluster/connection.ts";
import {
  excludedNamespacesOf,
  type ExclusionOptions,
  type KnownCluster,
  overlaid,
} from "../cluster/known_cluster.ts";
import { readLiveCluster } from "../cluster/live_cluster.ts";
import { readAll } from "../cluster/reading.ts";
import { readDocuments, type ReadOptions } from "../files/documents.ts";
import { findingText } from "../files/findings.ts";
import { manifestsOf } from "../files/manifests.ts";
import { checkSidecarSets } from "../files/sidecarsets.ts";
import { plannedMechanism } from "../sidecarsets/mechanism.ts";
import { type DataFormat, printData } from "../terminal/output.ts";
import { CliError } from "../terminal/terminal.ts";
import { yamlDiff } from "../terminal/unified_diff.ts";
import { forecast } from "./forecast.ts";
import { newPodDiff } from "./new_pods.ts";
import { type Preview, previewData, previewText } from "./text.ts";

/** Flags of `sidecarset diff`, as the command line gives them. */
export interface DiffOptions extends ClusterOptions, ExclusionOptions, ReadOptions {
  readonly filename: readonly string[];
  readonly output: "text" | DataFormat;
}

/**
 * Prints the effects of applying the SidecarSets of files.
 *
 * @returns 0 no changes, 1 changes, 2 a SidecarSet is invalid.
 * @throws {CliError} if a file cannot be read, or the files contain no SidecarSet.
 */
export async function diffCommand(
  options: DiffOptions,
  { terminal, connection: { client } }: Live,
): Promise<number> {
  const { systemNamespace, output } = options;
  const manifests = manifestsOf(await readDocuments(options.filename, terminal, options));
  const [cluster, pods] = await Promise.all([
    readLiveCluster(client, systemNamespace),
    readAll(client, resources.pods),
  ]);
  const { sidecarSets, sidecarSetCount, findings } = checkSidecarSets(manifests, {
    revisions: cluster.revisions,
    allowList: cluster.allowList,
    stored: cluster.sidecarSets.map(({ sidecarSet }) => sidecarSet),
  });
  if (sidecarSetCount === 0) {
    throw new CliError("Cannot compare: the files contain no SidecarSet; name files with -f");
  }
  const print = async (previews: readonly Preview[]) => {
    const data = { findings, sidecarSets: previews.map(previewData) };
    if (output !== "text") return await printData(data, { format: output, terminal });
    for (const finding of findings) terminal.error(`${findingText(finding)}\n`);
    terminal.write(previews.map((each) => previewText(each, terminal)).join("\n"));
  };
  if (findings.some(({ severity }) => severity === "error")) {
    await print([]);
    return 2;
  }

  const next = sidecarSets.map((prepared) => ({
    previous: cluster.sidecarSets.find(({ name }) => name === prepared.name),
    prepared,
  })).map(({ previous, prepared }) => ({
    previous,
    prepared: stored(prepared, { previous, cluster }),
  }));
  const updated = next.map(({ prepared }) => prepared);
  const future = overlaid(cluster, { sidecarSets: updated, namespaces: new Map(), revisions: [] });
  const excludedNamespaces = excludedNamespacesOf(options, cluster.excludedNamespaces);
  const now = terminal.now();
  const previews = next.map(({ previous, prepared }) => ({
    name: prepared.name,
    exists: previous !== undefined,
    spec: yamlDiff([previous?.sidecarSet.spec, prepared.sidecarSet.spec], {
      before: previous ? "cluster" : "nothing",
      after: "file",
      terminal,
    }),
    newPods: newPodDiff(prepared, {
      clusters: [cluster, future],
      pods,
      excludedNamespaces,
      now,
      terminal,
    }),
    mechanism: plannedMechanism(prepared, future),
    forecast: forecast(prepared, { previous, pods, cluster: future, now }),
  }));
  await print(previews);
  return previews.some(({ spec }) => spec !== "") ? 1 : 0;
}

/** The SidecarSet as stored after it replaced the previous one. */
function stored(
  prepared: PreparedSidecarSet,
  { previous, cluster: { revisions, hasResize } }: {
    previous: PreparedSidecarSet | undefined;
    cluster: KnownCluster;
  },
): PreparedSidecarSet {
  if (previous === undefined) return prepared;
  const { metadata: { uid = "" }, status } = previous.sidecarSet;
  const sidecarSet = {
    ...prepared.sidecarSet,
    metadata: { ...prepared.sidecarSet.metadata, uid },
    ...(status === undefined ? {} : { status }),
  };
  return {
    ...prepared,
    sidecarSet,
    revisions: compareRevisions(sidecarSet, revisions),
    ...(hasResize === undefined ? {} : { hasResize }),
  };
}
