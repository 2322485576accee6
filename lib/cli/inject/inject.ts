import { inOneLine } from "../../core/printable.ts";
import type { ClusterOptions } from "../cluster/connection.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import { usesPolicy } from "../../core/registration/selection.ts";
import type { ExclusionOptions, KnownCluster, MaybeLive } from "../cluster/known_cluster.ts";
import { knownMechanism, mechanismNote } from "../sidecarsets/mechanism.ts";
import { clusterWithFiles, readValidFiles } from "../files/cluster.ts";
import type { ReadOptions } from "../files/documents.ts";
import { outcomeOf, type PodOutcome } from "../pods/outcome.ts";
import { manifestsOf } from "../files/manifests.ts";
import { podTargetsOf } from "../pods/targets.ts";
import { type DataFormat, objectName, printData } from "../terminal/output.ts";
import { CliError, type Terminal } from "../terminal/terminal.ts";
import { fileDiff, listOf, render, type RenderedDocument, yamlStream } from "./rendering.ts";

/** Flags of `sidecarset inject`, as the command line gives them. */
export interface InjectOptions extends ClusterOptions, ExclusionOptions, ReadOptions {
  readonly filename: readonly string[];
  readonly output: "diff" | "name" | DataFormat;
  /** Namespace of objects without one. */
  readonly namespace?: string;
  /**
   * Injection time that Pods record.
   * @default the current time
   */
  readonly now?: Date;
}

/**
 * Prints the manifests of files in order, with the sidecars injected; other objects are printed unchanged.
 *
 * @returns 0; 1 if a Pod would be refused, which is printed unchanged; 2 if a SidecarSet is invalid.
 * @throws {CliError} if a file cannot be read.
 */
export async function injectCommand(
  options: InjectOptions,
  { terminal, connection }: MaybeLive,
): Promise<number> {
  const files = await readValidFiles(options, terminal);
  if (files === undefined) return 2;
  const { documents, manifests } = files;
  if (manifests.length === 0) {
    throw new CliError("Cannot inject: the files contain no manifest; name files with -f");
  }
  const now = options.now ?? terminal.now();
  const namespace = options.namespace ?? connection?.namespace ?? "default";
  const targets = podTargetsOf(manifests, namespace);
  const { cluster, excludedNamespaces, knowsSidecarSets, missingRights } = await clusterWithFiles(
    files.cluster,
    { options, namespaces: targets.map(({ pod }) => pod.metadata.namespace ?? ""), connection },
  );
  const unknown = missingRights.length === 0
    ? ""
    : (await import("../cluster/missing_rights.ts")).missingRightsText(missingRights);
  if (!knowsSidecarSets) {
    throw new CliError(
      `Cannot inject the SidecarSets of the cluster. ${unknown}Ask for these rights, or name files ` +
        "with the SidecarSets and leave out --from-cluster",
    );
  }
  const outcomes = targets.map((target) => outcomeOf(target, { cluster, excludedNamespaces, now }));
  const notes = cluster.sidecarSets.flatMap((prepared) => mechanismNotes(prepared, cluster));
  for (const line of [...notes, ...outcomes.flatMap(notesOf)]) {
    terminal.error(`${inOneLine(line)}\n`);
  }
  const injected = Map.groupBy(
    outcomes.filter(({ refused }) => !refused),
    ({ target }) => target.manifest.document,
  );
  const rendered = documents.map((document) => {
    const changes = (injected.get(document) ?? [])
      .map(({ target, injection }) => ({ path: target.path, patch: injection.patch }));
    return render(document, changes);
  });
  await print(rendered, { output: options.output, terminal });
  terminal.error(unknown);
  return outcomes.some(({ refused }) => refused) ? 1 : 0;
}

async function print(
  rendered: readonly RenderedDocument[],
  { output, terminal }: { output: InjectOptions["output"]; terminal: Terminal },
): Promise<void> {
  if (output === "diff") {
    terminal.write(await fileDiff(rendered, terminal));
  } else if (output === "name") {
    terminal.write(manifestNames(rendered).map((name) => `${name}\n`).join(""));
  } else if (output === "yaml") {
    terminal.writeData(yamlStream(rendered));
  } else await printData(listOf(rendered), { format: output, terminal });
}

function manifestNames(rendered: readonly RenderedDocument[]): string[] {
  return manifestsOf(rendered.map(({ document }) => document)).map(objectName);
}

/** A line for a SidecarSet that asks for a policy and does not get it. */
function mechanismNotes(prepared: PreparedSidecarSet, cluster: KnownCluster): string[] {
  if (!usesPolicy(prepared)) return [];
  const mechanism = knownMechanism(prepared, cluster);
  return mechanism.fallback ? [`SidecarSet ${prepared.name}: ${mechanismNote(mechanism)}`] : [];
}

/** One line for each skipped SidecarSet and for each caveat. */
function notesOf({ target, injection, refused }: PodOutcome): string[] {
  const caveats = refused ? [] : injection.caveats ?? [];
  const skips = injection.skipped.map(({ sidecarSet, refuses, reason, message }) => {
    const consequence = refuses
      ? `would be refused: SidecarSet ${sidecarSet} has failurePolicy Fail and cannot be injected`
      : `SidecarSet ${sidecarSet} is not injected`;
    return `${target.title}: ${consequence}: ${message} (${reason})`;
  });
  return [
    ...skips,
    ...caveats.map(({ sidecarSet, message }) =>
      `${target.title}: SidecarSet ${sidecarSet}: ${message}`
    ),
  ];
}
