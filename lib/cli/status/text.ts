import type { SidecarSet } from "../../api/sidecarset.ts";
import type { SidecarSetStatus } from "../../api/sidecarset_status.ts";
import { inOneLine } from "../../core/printable.ts";
import { conditionOf, rolloutStateOf } from "../sidecarsets/rollout_state.ts";
import { counted, painted, table, wrapped } from "../terminal/output.ts";
import type { Terminal } from "../terminal/terminal.ts";

export interface StatusTextOptions {
  /** With more columns. */
  readonly wide: boolean;
  /** Everything that conditions say, not only what they complain of. */
  readonly all: boolean;
  readonly terminal: Terminal;
}

/** The state of SidecarSets for people: a table, and below it what conditions say. */
export function statusText(
  sidecarSets: readonly SidecarSet[],
  { wide, all, terminal }: StatusTextOptions,
): string {
  const lines = statusTable(sidecarSets, { wide });
  const notes = sidecarSets.flatMap((each) => noteLines(each, { all, terminal }));
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
    const cells = [name, ...counts, rolloutStateOf(sidecarSet).reason];
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

/** What the conditions of a SidecarSet say; of all of them, or of those that complain. */
function noteLines(
  { metadata: { name = "" }, status = {} }: SidecarSet,
  { all, terminal }: { all: boolean; terminal: Terminal },
): string[] {
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
  lines.push(...uninjectedLines(name, { status, terminal }));
  const revision = all ? [`  revision ${status.latestRevision ?? "unknown"}`] : [];
  return lines.length === 0
    ? []
    : ["", painted(name, { color: "bold", terminal }), ...revision, ...lines];
}

/** How selected Pods that were not to be injected when they were created come by the sidecars. */
function uninjectedLines(
  name: string,
  { status, terminal }: { status: SidecarSetStatus; terminal: Terminal },
): string[] {
  const count = (status.uninjectedPods ?? 0) - (status.missedPods ?? 0);
  if (count <= 0) return [];
  const text = `${counted(count, "selected Pod")} without the sidecars: older than the selection ` +
    "or labelled later. To create them anew:";
  return [...wrapped(text, 2), `    ${terminal.program} rollout restart-injection ${name}`];
}

/** Each with the status that nobody need worry about. */
const CONDITIONS = [
  { type: "Ready", good: "True" },
  { type: "Progressing", good: "True" },
  { type: "PodsMissed", good: "False" },
] as const;
