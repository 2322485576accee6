import type { ClusterOptions } from "../cluster/connection.ts";
import { type MaybeLive, surroundings, type SurroundingsOptions } from "../cluster/surroundings.ts";
import { clusterOfFiles } from "../files/cluster.ts";
import { inOneLine } from "../../core/printable.ts";
import { readDocuments, type ReadOptions } from "../files/documents.ts";
import { findingText } from "../files/findings.ts";
import { manifestsOf } from "../files/manifests.ts";
import { outcomeOf, type PodOutcome } from "../pods/outcome.ts";
import { podTargetsOf } from "../pods/targets.ts";
import { CliError, type Terminal } from "../terminal/terminal.ts";
import { jsonText, render, type RenderedDocument, yamlStream } from "./rendering.ts";

export interface InjectOptions extends ClusterOptions, SurroundingsOptions, ReadOptions {
  readonly filename: readonly string[];
  readonly output: "yaml" | "json" | "diff";
  /** Of objects that name none. */
  readonly namespace?: string;
  /**
   * The time of injection that the Pods record.
   * @default the current time
   */
  readonly now?: Date;
}

/**
 * Prints the manifests of files as they are after injection, in their order; those that nothing is injected into unchanged.
 *
 * @returns 0; 1 when a Pod would be refused, which is printed unchanged; 2 when a SidecarSet is not valid.
 * @throws {CliError} when a file cannot be read.
 */
export async function injectCommand(
  options: InjectOptions,
  { terminal, connection }: MaybeLive,
): Promise<number> {
  const documents = await readDocuments(options.filename, terminal, options);
  const manifests = manifestsOf(documents);
  if (manifests.length === 0) {
    throw new CliError("Cannot inject: the files have no manifest, name some with -f");
  }
  const files = clusterOfFiles(manifests);
  const errors = files.findings.filter(({ severity }) => severity === "error");
  if (errors.length > 0) {
    for (const error of errors) terminal.error(`${findingText(error)}\n`);
    return 2;
  }
  const now = options.now ?? terminal.now();
  const { cluster, excludedNamespaces } = await surroundings(options, { files, connection });
  const namespace = options.namespace ?? connection?.namespace ?? "default";
  const outcomes = podTargetsOf(manifests, namespace).map((target) =>
    outcomeOf(target, { cluster, excludedNamespaces, now })
  );
  for (const line of outcomes.flatMap(notesOf)) terminal.error(`${inOneLine(line)}\n`);
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
  return outcomes.some(({ refused }) => refused) ? 1 : 0;
}

async function print(
  rendered: readonly RenderedDocument[],
  { output, terminal }: { output: InjectOptions["output"]; terminal: Terminal },
): Promise<void> {
  if (output === "diff") {
    const { fileDiff } = await import("./file_diff.ts");
    terminal.write(fileDiff(rendered, terminal));
  } else terminal.writeData(output === "json" ? jsonText(rendered) : yamlStream(rendered));
}

/** A line for each SidecarSet that was skipped, and for each caveat. */
function notesOf({ target, injection, refused }: PodOutcome): string[] {
  const caveats = refused ? [] : injection.caveats ?? [];
  const skips = injection.skipped.map(({ sidecarSet, refuses, reason, message }) => {
    const consequence = refuses
      ? `would be refused, for SidecarSet ${sidecarSet} has failurePolicy Fail and cannot be injected`
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
