import { readDocuments } from "./documents.ts";
import {
  type ContainerExplanation,
  explain,
  type PodExplanation,
  type SidecarSetExplanation,
} from "./explanation.ts";
import { clusterOfFiles } from "./file_cluster.ts";
import { findingText } from "./findings.ts";
import { manifestsOf } from "./manifests.ts";
import { type Color, counted, painted, printData, table, wrapped } from "./output.ts";
import { podTargetsOf } from "./pod_targets.ts";
import { CliError, type Terminal } from "./terminal.ts";

export interface ExplainOptions {
  readonly filename: readonly string[];
  readonly output: "text" | "json" | "yaml";
  /** Of objects that name none. */
  readonly namespace: string;
  readonly excludeNamespaces: readonly string[];
}

/**
 * Prints what the SidecarSets of files do to the Pods of files, and why.
 *
 * @returns 0; 1 when a Pod would be refused; 2 when a SidecarSet is not valid.
 * @throws {CliError} when a file cannot be read, or there is no Pod in them.
 */
export async function explainCommand(options: ExplainOptions, terminal: Terminal): Promise<number> {
  const manifests = manifestsOf(await readDocuments(options.filename, terminal));
  const cluster = clusterOfFiles(manifests);
  const errors = cluster.findings.filter(({ severity }) => severity === "error");
  if (errors.length > 0) {
    for (const error of errors) terminal.error(`${findingText(error)}\n`);
    return 2;
  }
  const targets = podTargetsOf(manifests, options.namespace);
  if (targets.length === 0) {
    throw new CliError("Cannot explain: the files have no Pod or workload, name one with -f");
  }
  const now = terminal.now();
  const explanations = targets.map((target) =>
    explain(target, { cluster, excludedNamespaces: options.excludeNamespaces, now })
  );
  if (options.output === "text") {
    const texts = explanations.map((each) => explanationText(each, terminal));
    terminal.write(texts.join("\n"));
  } else {
    const data = { pods: explanations };
    await printData(data, { format: options.output, terminal });
  }
  return explanations.some(({ refused }) => refused) ? 1 : 0;
}

function explanationText(explanation: PodExplanation, terminal: Terminal): string {
  const { object, namespace, refused, sidecarSets } = explanation;
  const title = painted(`${object} in namespace ${namespace}`, { color: "bold", terminal });
  const lines = [title, "", `  ${summary(explanation)}`];
  for (const each of sidecarSets) lines.push("", ...sidecarSetLines(each, terminal));
  if (!refused) lines.push("", ...containerLines(explanation));
  return `${lines.join("\n")}\n`;
}

function summary({ sidecarSets, refused }: PodExplanation): string {
  if (sidecarSets.length === 0) return "There is no SidecarSet.";
  if (refused) return "The Pod would be refused.";
  const injected = sidecarSets.filter(({ verdict }) => verdict.startsWith("Injected")).length;
  return `${injected} of ${counted(sidecarSets.length, "SidecarSet")} injected.`;
}

function sidecarSetLines(explanation: SidecarSetExplanation, terminal: Terminal): string[] {
  const { word, color, details } = verdictOf(explanation);
  return [
    `  ${explanation.name}  ${painted(word, { color, terminal })}`,
    ...details.flatMap((detail) => wrapped(detail, 4)),
  ];
}

interface VerdictText {
  readonly word: string;
  readonly color: Color;
  readonly details: readonly string[];
}

function verdictOf(explanation: SidecarSetExplanation): VerdictText {
  const { verdict, reason, message = "", refuses, revision, update } = explanation;
  const at = revision === undefined ? [] : [`revision ${revision}`];
  switch (verdict) {
    case "Injected":
      return { word: "injected", color: "green", details: at };
    case "InjectedBefore":
      return {
        word: `injected before (${update?.state})`,
        color: update?.state === "UpToDate" ? "green" : "yellow",
        details: [...at, update?.message ?? ""],
      };
    case "HeldBack":
      return { word: "fits, but the Pod is refused", color: "yellow", details: [] };
    case "NotInjected":
      return {
        word: `${refuses ? "refuses the Pod" : "not injected"} (${reason})`,
        color: refuses ? "red" : reason === "NotSelected" ? "cyan" : "yellow",
        details: [message],
      };
  }
}

function containerLines({ initContainers, containers }: PodExplanation): string[] {
  const rows = [
    ["ORDER", "CONTAINER", "IMAGE", "FROM"],
    ...initContainers.map((each, index) => containerRow(`init ${index + 1}`, each)),
    ...containers.map((each, index) => containerRow(`${index + 1}`, each)),
  ];
  return table(rows, 2);
}

function containerRow(
  order: string,
  { name, image, sidecarSet }: ContainerExplanation,
): string[] {
  return [order, name, image, sidecarSet ? `SidecarSet ${sidecarSet}` : "the Pod"];
}
