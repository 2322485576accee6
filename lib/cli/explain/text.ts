import { counted, painted, table, wrapped } from "../terminal/output.ts";
import type { Color } from "../terminal/terminal.ts";
import { uninjectedLines } from "../pods/uninjected.ts";
import { mechanismNote } from "../sidecarsets/mechanism.ts";
import type { Terminal } from "../terminal/terminal.ts";
import type {
  ContainerExplanation,
  PodExplanation,
  PodsSummary,
  RefusalExplanation,
  SidecarSetExplanation,
  SidecarSetPods,
} from "./explanation.ts";
import type { RecordedPods } from "./recorded_pods.ts";

/** An explanation as paragraphs for people: a summary, each SidecarSet, then the containers; ends with a line end. */
export function explanationText(explanation: PodExplanation, terminal: Terminal): string {
  const { object, namespace, refused, sidecarSets } = explanation;
  const title = painted(`${object} in namespace ${namespace}`, { color: "bold", terminal });
  const lines = [title, "", `  ${summary(explanation)}`];
  if (explanation.refusal) lines.push("", ...refusalLines(explanation.refusal, terminal));
  for (const each of sidecarSets) lines.push("", ...sidecarSetLines(each, terminal));
  if (!refused) lines.push("", ...containerLines(explanation));
  if (explanation.pods) lines.push("", ...podLines(explanation.pods));
  if (explanation.recordedPods) lines.push("", ...recordedLines(explanation.recordedPods));
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

function summary({ object, sidecarSets, refused, incomplete }: PodExplanation): string {
  const injected = sidecarSets.filter(({ verdict }) => verdict.startsWith("Injected")).length;
  const missed = sidecarSets.filter(({ missed }) => missed === true).length;
  if (incomplete) {
    if (!object.startsWith("pod/")) return "The SidecarSets of the cluster are unknown.";
    return `${counted(injected, "SidecarSet")} injected, by the Pod's annotations.` +
      (missed === 0 ? "" : ` Missed: ${missed}, by its events.`);
  }
  if (sidecarSets.length === 0) return "No SidecarSets found.";
  if (refused) return "The Pod would be refused.";
  const suffix = missed === 0 ? "" : ` Missed: ${missed}.`;
  return `${injected} of ${counted(sidecarSets.length, "SidecarSet")} injected.${suffix}`;
}

function sidecarSetLines(explanation: SidecarSetExplanation, terminal: Terminal): string[] {
  const { word, color, details, commands, warnings } = verdictText(explanation);
  return [
    `  ${explanation.name}  ${painted(word, { color, terminal })}`,
    ...details.flatMap((detail) => wrapped(detail, 4)),
    ...commands.map((command) => `      ${command}`),
    ...warnings.flatMap((warning) => wrapped(warning, 4)),
  ];
}

/** The result of one SidecarSet in words. */
interface VerdictText {
  readonly word: string;
  readonly color: Color;
  /** A sentence each: revision, state, changed fields, patches, caveats, what comes next, mechanism. */
  readonly details: readonly string[];
  readonly commands: readonly string[];
  /** One for each unknown field. */
  readonly warnings: readonly string[];
}

/** The result of one SidecarSet for a Pod, in the words of `sidecarset explain`. */
export function verdictText(explanation: SidecarSetExplanation): VerdictText {
  const { mechanism, commands = [], unknownFields = [] } = explanation;
  const { word, color, details } = verdictOf(explanation);
  const note = mechanism && mechanismNote(mechanism);
  return {
    word,
    color,
    details: note === undefined ? details : [...details, note],
    commands,
    warnings: unknownFields
      .map(({ field, remedy }) => `warning: unknown field ${field}: ${remedy}`),
  };
}

const STATE_WORDS = {
  UpToDate: "up to date",
  Completed: "completed",
  Upgradable: "outdated",
  InFlight: "being updated",
  Resizing: "being resized",
  NotUpgradable: "outdated",
  Stripped: "changed by another webhook",
} as const;

function verdictOf(
  explanation: SidecarSetExplanation,
): Pick<VerdictText, "word" | "color" | "details"> {
  const { verdict, reason, message = "", refuses, revision, update, changed = [] } = explanation;
  const caveats = [...explanation.patches ?? [], ...explanation.caveats ?? []];
  const changedNote = changed.length === 0 ? [] : [`changed fields: ${changed.join(", ")}`];
  const { next, commands } = explanation;
  const comingNext = next === undefined ? [] : [`next: ${next}${commands ? ":" : ""}`];
  const at = revision === undefined ? [] : [`revision ${revision}`];
  switch (verdict) {
    case "Injected":
      return { word: "injected", color: "green", details: [...at, ...caveats] };
    case "InjectedBefore":
      return {
        word: update === undefined ? "injected" : `injected, ${STATE_WORDS[update.state]}`,
        color: update === undefined || update.state === "UpToDate" ? "green" : "yellow",
        details: [
          ...at,
          ...(update ? [update.message] : []),
          ...changedNote,
          ...caveats,
          ...comingNext,
        ],
      };
    case "Uninjected":
      return {
        word: (explanation.missed ? "missed" : "selected, but not injected") +
          (reason === undefined ? "" : ` (${reason})`),
        color: explanation.missed ? "red" : "yellow",
        details: [message, ...comingNext],
      };
    case "HeldBack":
      return { word: "selected, but the Pod is refused", color: "yellow", details: [] };
    case "NotInjected":
      return {
        word: `${refuses ? "refuses the Pod" : "not injected"} (${reason})`,
        color: refuses ? "red" : reason === "NotSelected" ? "cyan" : "yellow",
        details: [message],
      };
  }
}

function recordedLines({ total, sidecarSets }: RecordedPods): string[] {
  if (total === 0) return ["  The workload has no Pods."];
  if (sidecarSets.length === 0) return [`  ${counted(total, "Pod")} without injected sidecars.`];
  const rows = sidecarSets.map(({ name, injected }) => [name, `${injected} of ${total}`]);
  return table([["PODS OF", "INJECTED"], ...rows], 2);
}

function podLines({ total, sidecarSets }: PodsSummary): string[] {
  if (total === 0) return ["  The workload has no Pods."];
  if (sidecarSets.length === 0) {
    return [`  ${counted(total, "Pod")}, not selected by any SidecarSet.`];
  }
  const header = ["PODS OF", "INJECTED", "UPDATED", "READY", "NOT-UPGRADABLE", "MISSED"];
  const rows = sidecarSets.map((each) => {
    const { matchedPods, updatedPods, readyPods, notUpgradablePods, missedPods } = each;
    const counts = [updatedPods, readyPods, notUpgradablePods, missedPods].map(String);
    return [each.name, `${matchedPods} of ${matchedPods + each.uninjectedPods}`, ...counts];
  });
  return [...table([header, ...rows], 2), ...sidecarSets.flatMap(uninjectedPodLines)];
}

function uninjectedPodLines({ name, uninjected, commands }: SidecarSetPods): string[] {
  if (uninjected.length === 0) return [];
  return [
    "",
    `  Pods without ${name}:`,
    ...uninjectedLines(uninjected, 4),
    ...(commands.length === 0 ? [] : ["  Inject them:", ...commands.map((each) => `    ${each}`)]),
  ];
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
