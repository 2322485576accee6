import type { SidecarSet } from "../../api/sidecarset.ts";
import { inOneLine } from "../../core/printable.ts";
import { injectingCommands, type UninjectedGroup, uninjectedLines } from "../pods/uninjected.ts";
import { conditionOf, rolloutStateOf } from "../sidecarsets/rollout_state.ts";
import { counted, painted, table, wrapped } from "../terminal/output.ts";
import type { Terminal } from "../terminal/terminal.ts";

export interface StatusTextOptions {
  /** With more columns. */
  readonly wide: boolean;
  /** Everything that conditions say, not only what they complain of. */
  readonly all: boolean;
  /** The uninjected Pods by SidecarSet, as far as this user may read them. */
  readonly uninjected: ReadonlyMap<string, readonly UninjectedGroup[]>;
  readonly terminal: Terminal;
}

/** The state of SidecarSets for people: a table, and below it what conditions say. */
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
  const wideHeader = ["UNINJECTED", "NOT-UPGRADABLE", "REVISION", "SINCE"];
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
      latestRevision,
      status.effectiveSince ?? "",
    ];
  });
  return table([wide ? [...header, ...wideHeader] : header, ...rows]);
}

/** What the roll-out does; a pause of the injection, which no roll-out shows, stands behind it. */
function stateWord(sidecarSet: SidecarSet): string {
  const { reason } = rolloutStateOf(sidecarSet);
  const isPaused = sidecarSet.spec.injectionStrategy?.paused === true;
  return isPaused ? `${reason},InjectionPaused` : reason;
}

/** What the conditions of a SidecarSet say; of all of them, or of those that complain. */
function noteLines(
  sidecarSet: SidecarSet,
  { all, uninjected, terminal }: Omit<StatusTextOptions, "wide">,
): string[] {
  const { metadata: { name = "" }, status = {} } = sidecarSet;
  const lines = CONDITIONS.flatMap(({ type, good }) => {
    const condition = conditionOf(status, type);
    if (condition === undefined) return [];
    const complains = condition.status !== good;
    if (!all && !(complains && condition.reason !== "Paused")) return [];
    const color = complains ? "yellow" : "green";
    const word = painted(`${type}=${condition.status}`, { color, terminal });
    return [
      `  ${word}  ${inOneLine(condition.reason)}`,
      ...wrapped(condition.message, 4),
    ];
  });
  lines.push(...uninjectedPodLines(sidecarSet, { groups: uninjected.get(name) ?? [], terminal }));
  const revision = all ? [`  revision ${status.latestRevision ?? "unknown"}`] : [];
  return lines.length === 0
    ? []
    : ["", painted(name, { color: "bold", terminal }), ...revision, ...lines];
}

/** The selected Pods without the sidecars, and how they get them. */
function uninjectedPodLines(
  { metadata: { name = "" }, spec, status = {} }: SidecarSet,
  { groups, terminal: { program } }: { groups: readonly UninjectedGroup[]; terminal: Terminal },
): string[] {
  const count = status.uninjectedPods ?? 0;
  if (count === 0) return [];
  const title = `  ${counted(count, "selected Pod")} without the sidecars`;
  const isPaused = spec.injectionStrategy?.paused === true;
  const commands = injectingCommands(groups, { name, program, isPaused });
  return [
    ...(groups.length === 0 ? [title] : [`${title}:`, ...uninjectedLines(groups, 4)]),
    ...(commands.length === 0 ? [] : ["  Inject them:", ...commands.map((each) => `    ${each}`)]),
  ];
}

/** Each with the status of a SidecarSet in good order. */
const CONDITIONS = [
  { type: "Ready", good: "True" },
  { type: "Progressing", good: "True" },
  { type: "PodsMissed", good: "False" },
] as const;
