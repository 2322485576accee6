import type { SidecarSet } from "../../api/sidecarset.ts";
import { inOneLine } from "../../core/printable.ts";
import { rolloutStateOf } from "../sidecarsets/rollout_state.ts";

const LONGEST = 24;
const SHORTEST = 4;

export interface Window {
  readonly columns: number;
  readonly rows: number;
}

/** A line for each SidecarSet; of more than the window has room for, the roll-outs that go on and how many others there are. */
export function progressLines(
  sidecarSets: readonly SidecarSet[],
  { columns, rows }: Window,
): string[] {
  // The last row is the cursor's.
  const room = rows - 1;
  if (sidecarSets.length <= room) return sidecarSets.map((each) => progressLine(each, columns));
  const shown = sidecarSets.filter((each) => rolloutStateOf(each).state === "Moving")
    .slice(0, Math.max(0, room - 1));
  return [
    ...shown.map((each) => progressLine(each, columns)),
    `and ${sidecarSets.length - shown.length} more`,
  ];
}

/** `logging [======>-----] 2/4 updated, 4 ready  RollingOut`; the bar gives way where the window is narrow, then the end of the line. */
export function progressLine(sidecarSet: SidecarSet, columns: number): string {
  const { metadata: { name = "" }, status = {} } = sidecarSet;
  const { matchedPods = 0, updatedPods = 0, readyPods = 0 } = status;
  const numbers = `${updatedPods}/${matchedPods} updated, ${readyPods} ready`;
  const end = `${numbers}  ${inOneLine(rolloutStateOf(sidecarSet).reason)}`;
  // A line that fills the window to its last column would be followed by an empty one.
  const widest = columns - 1;
  const room = widest - `${name} [] ${end}`.length;
  const length = Math.max(SHORTEST, Math.min(LONGEST, room));
  return `${name} ${bar(updatedPods / matchedPods, length)} ${end}`.slice(0, Math.max(0, widest));
}

/** @param share what is done; of nothing all is. */
function bar(share: number, length: number): string {
  const filled = Math.min(length, Math.floor(length * (Number.isNaN(share) ? 1 : share)));
  const full = "=".repeat(filled);
  return filled === length ? `[${full}]` : `[${full}>${"-".repeat(length - filled - 1)}]`;
}
