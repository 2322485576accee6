import { readDocuments } from "./documents.ts";
import {
  type ContainerExplanation,
  explain,
  type PodExplanation,
  type PodsSummary,
  type RefusalExplanation,
  type SidecarSetExplanation,
} from "./explanation.ts";
import type { ClusterOptions } from "./live/connection.ts";
import { clusterOfFiles } from "./file_cluster.ts";
import { findingText } from "./findings.ts";
import { manifestsOf } from "./manifests.ts";
import { type MaybeLive, surroundings, type SurroundingsOptions } from "./surroundings.ts";
import { type Color, counted, painted, printData, table, wrapped } from "./output.ts";
import { podTargetsOf } from "./pod_targets.ts";
import { CliError, type Terminal } from "./terminal.ts";

export interface ExplainOptions extends ClusterOptions, SurroundingsOptions {
  /** Objects of the cluster: `pod/NAME`, `deploy NAME`, `pods`. */
  readonly objects: readonly string[];
  readonly allNamespaces?: boolean;
  /** Labels of the cluster's objects. */
  readonly selector?: string;
  readonly filename: readonly string[];
  readonly output: "text" | "json" | "yaml";
  /** Of objects that name none. */
  readonly namespace?: string;
}

/**
 * Prints what SidecarSets do, or did, to Pods, and why. SidecarSets of files stand in place of those of the cluster.
 *
 * @returns 0; 1 when a Pod is refused, or would be; 2 when a SidecarSet is not valid.
 * @throws {CliError} when a file cannot be read, or there is no Pod in them.
 */
export async function explainCommand(
  options: ExplainOptions,
  { terminal, connection }: MaybeLive,
): Promise<number> {
  const manifests = manifestsOf(await readDocuments(options.filename, terminal));
  const files = clusterOfFiles(manifests);
  const errors = files.findings.filter(({ severity }) => severity === "error");
  if (errors.length > 0) {
    for (const error of errors) terminal.error(`${findingText(error)}\n`);
    return 2;
  }
  const namespace = options.namespace ?? connection?.namespace ?? "default";
  const targets = podTargetsOf(manifests, namespace);
  if (targets.length + options.objects.length === 0) {
    throw new CliError(
      "Cannot explain: name a Pod or workload of the cluster (pod/NAME), or files that have some (-f)",
    );
  }
  const { cluster, excludedNamespaces } = await surroundings(options, { files, connection });
  const facts = { cluster, excludedNamespaces, now: terminal.now() };
  const explanations = targets.map((target) => explain(target, facts));
  if (connection && options.objects.length > 0) {
    const { explainObjects } = await import("./live/explain_objects.ts");
    explanations.push(
      ...await explainObjects(options.objects, {
        ...facts,
        client: connection.client,
        namespace: options.allNamespaces ? undefined : namespace,
        ...(options.selector === undefined ? {} : { selector: options.selector }),
      }),
    );
  }
  if (options.output === "text") {
    const texts = explanations.map((each) => explanationText(each, terminal));
    terminal.write(texts.join("\n"));
  } else {
    const data = { pods: explanations };
    await printData(data, { format: options.output, terminal });
  }
  return explanations.some(({ refused, refusal }) => refused || refusal !== undefined) ? 1 : 0;
}

function explanationText(explanation: PodExplanation, terminal: Terminal): string {
  const { object, namespace, refused, sidecarSets } = explanation;
  const title = painted(`${object} in namespace ${namespace}`, { color: "bold", terminal });
  const lines = [title, "", `  ${summary(explanation)}`];
  if (explanation.refusal) lines.push("", ...refusalLines(explanation.refusal, terminal));
  for (const each of sidecarSets) lines.push("", ...sidecarSetLines(each, terminal));
  if (!refused) lines.push("", ...containerLines(explanation));
  if (explanation.pods) lines.push("", ...podLines(explanation.pods));
  return `${lines.join("\n")}\n`;
}

function refusalLines(
  { message, sidecarSets, reason }: RefusalExplanation,
  terminal: Terminal,
): string[] {
  const because = reason === undefined
    ? ""
    : ` because of SidecarSet ${sidecarSets.join(", ")} (${reason})`;
  const line = painted(`The API server refuses its Pods${because}:`, { color: "red", terminal });
  return [`  ${line}`, ...wrapped(message, 4)];
}

function summary({ sidecarSets, refused }: PodExplanation): string {
  if (sidecarSets.length === 0) return "There is no SidecarSet.";
  if (refused) return "The Pod would be refused.";
  const injected = sidecarSets.filter(({ verdict }) => verdict.startsWith("Injected")).length;
  const missed = sidecarSets.filter(({ missed }) => missed === true).length;
  const suffix = missed === 0 ? "" : ` The Pod was missed by ${missed}.`;
  return `${injected} of ${counted(sidecarSets.length, "SidecarSet")} injected.${suffix}`;
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
  const { verdict, reason, message = "", refuses, revision, update, changed = [] } = explanation;
  const changedNote = changed.length === 0 ? [] : [`changed since: ${changed.join(", ")}`];
  const comingNext = explanation.next === undefined ? [] : [`next: ${explanation.next}`];
  const at = revision === undefined ? [] : [`revision ${revision}`];
  switch (verdict) {
    case "Injected":
      return { word: "injected", color: "green", details: at };
    case "InjectedBefore":
      return {
        word: `injected before (${update?.state})`,
        color: update?.state === "UpToDate" ? "green" : "yellow",
        details: [...at, update?.message ?? "", ...changedNote, ...comingNext],
      };
    case "Uninjected":
      return {
        word: (explanation.missed ? "missed" : "selected, but not injected") +
          (reason === undefined ? "" : ` (${reason})`),
        color: explanation.missed ? "red" : "yellow",
        details: [message, ...comingNext],
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

function podLines({ total, sidecarSets }: PodsSummary): string[] {
  if (sidecarSets.length === 0) return [`  ${counted(total, "Pod")}, which no SidecarSet selects.`];
  const header = ["PODS OF", "INJECTED", "UPDATED", "READY", "NOT-UPGRADABLE", "MISSED"];
  const rows = sidecarSets.map((each) => {
    const { matchedPods, updatedPods, readyPods, notUpgradablePods, missedPods } = each;
    const counts = [updatedPods, readyPods, notUpgradablePods, missedPods].map(String);
    return [each.name, `${matchedPods} of ${matchedPods + each.uninjectedPods}`, ...counts];
  });
  return table([header, ...rows], 2);
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
