import type { SidecarSet } from "../../api/sidecarset.ts";
import { inOneLine } from "../../core/printable.ts";
import { injectingCommands, type UninjectedGroup, uninjectedLines } from "../pods/uninjected.ts";
import { mechanismOf } from "../sidecarsets/mechanism.ts";
import { conditionOf, stateWord } from "../sidecarsets/rollout_state.ts";
import { counted, painted, table, wrapped } from "../terminal/output.ts";
import type { Terminal } from "../terminal/terminal.ts";

interface StatusTextOptions {
  /** Show more columns. */
  readonly wide: boolean;
  /** Show all conditions, not only those that report a problem. */
  readonly all: boolean;
  /** Namespace of the uninjected Pods; all if absent. */
  readonly namespace?: string | undefined;
  /** Uninjected Pods by SidecarSet; empty if this user may not read them. */
  readonly uninjected: ReadonlyMap<string, readonly UninjectedGroup[]>;
  readonly terminal: Terminal;
}

/** Formats the state of SidecarSets: a table, and the conditions below it. */
export function statusText(
  sidecarSets: readonly SidecarSet[],
  { wide, ...options }: StatusTextOptions,
): string {
  const lines = statusTable(sidecarSets, { wide });
  const notes = sidecarSets.flatMap((each) => noteLines(each, options));
  return `${[...lines, ...notes].join("\n")}\n`;
}

function statusTable(
  sidecarSets: readonly SidecarSet[],
  { wide }: { wide: boolean },
): string[] {
  const header = ["NAME", "MATCHED", "UPDATED", "READY", "MISSED", "STATE"];
  const wideHeader = ["UNINJECTED", "NOT-UPGRADABLE", "MECHANISM", "REVISION", "SINCE"];
  const rows = sidecarSets.map((sidecarSet) => {
    const { metadata: { name = "" }, status = {} } = sidecarSet;
    const { matchedPods, updatedPods, readyPods, missedPods } = status;
    const counts = [matchedPods, updatedPods, readyPods, missedPods].map((count) =>
      `${count ?? 0}`
    );
    const cells = [name, ...counts, stateWord(sidecarSet)];
    if (!wide) return cells;
    const { uninjectedPods = 0, notUpgradablePods = 0, latestRevision = "" } = status;
    return [
      ...cells,
      `${uninjectedPods}`,
      `${notUpgradablePods}`,
      mechanismOf(sidecarSet).name,
      latestRevision,
      status.effectiveSince ?? "",
    ];
  });
  return table([wide ? [...header, ...wideHeader] : header, ...rows]);
}

/** The conditions of a SidecarSet: all, or those that report a problem. */
function noteLines(
  sidecarSet: SidecarSet,
  { all, uninjected, namespace, terminal }: Omit<StatusTextOptions, "wide">,
): string[] {
  const { metadata: { name = "" }, status = {} } = sidecarSet;
  const lines = CONDITIONS.flatMap(({ type, healthy }) => {
    const condition = conditionOf(status, type);
    if (condition === undefined) return [];
    const isProblem = condition.status !== healthy ||
      (type === "Ready" && mechanismOf(sidecarSet).fallback !== undefined);
    if (!all && !(isProblem && condition.reason !== "Paused")) return [];
    const color = isProblem ? "yellow" : "green";
    const word = painted(`${type}=${condition.status}`, { color, terminal });
    return [
      `  ${word}  ${inOneLine(condition.reason)}`,
      ...wrapped(condition.message, 4),
    ];
  });
  const groups = uninjected.get(name) ?? [];
  lines.push(...uninjectedPodLines(sidecarSet, { groups, namespace, terminal }));
  const revision = all ? [`  revision ${status.latestRevision ?? "unknown"}`] : [];
  return lines.length === 0
    ? []
    : ["", painted(name, { color: "bold", terminal }), ...revision, ...lines];
}

/** The selected Pods without the sidecars, and the commands that inject them. */
function uninjectedPodLines(
  { metadata: { name = "" }, spec, status = {} }: SidecarSet,
  { groups, namespace, terminal: { program } }: {
    groups: readonly UninjectedGroup[];
    namespace: string | undefined;
    terminal: Terminal;
  },
): string[] {
  const count = namespace === undefined
    ? status.uninjectedPods ?? 0
    : groups.reduce((sum, { pods }) => sum + pods.length, 0);
  if (count === 0) return [];
  const place = namespace === undefined ? "" : ` in namespace ${namespace}`;
  const title = `  ${counted(count, "selected Pod")}${place} without the sidecars`;
  const isPaused = spec.injectionStrategy?.paused === true;
  const commands = injectingCommands(groups, { name, program, isPaused, namespace });
  return [
    ...(groups.length === 0 ? [title] : [`${title}:`, ...uninjectedLines(groups, 4)]),
    ...(commands.length === 0 ? [] : ["  Inject them:", ...commands.map((each) => `    ${each}`)]),
  ];
}

/** Condition types with their healthy status. */
const CONDITIONS = [
  { type: "Ready", healthy: "True" },
  { type: "Progressing", healthy: "True" },
  { type: "PodsMissed", healthy: "False" },
] as const;
