import type { SidecarSet } from "../../api/sidecarset.ts";
import { inOneLine } from "../../core/printable.ts";
import { rolloutStateOf } from "../sidecarsets/rollout_state.ts";
import { wrapped } from "../terminal/output.ts";
import type { Terminal } from "../terminal/terminal.ts";

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

/** Lines on standard error that are written over until the end. Nothing of the terminal is changed, so that nothing has to be restored. */
export class LiveLines {
  readonly #terminal: Terminal;
  #shown: readonly string[] = [];

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Shows these lines in place of those before; each must fit into the window. */
  show(lines: readonly string[]): void {
    if (lines.length === this.#shown.length && lines.every((line, i) => line === this.#shown[i])) {
      return;
    }
    if (this.#shown.length > 0) this.#terminal.eraseLines(this.#shown.length);
    this.#terminal.error(lines.map((line) => `${line}\n`).join(""));
    this.#shown = lines;
  }
}

/** How long a step may last until it is said what holds it up, in milliseconds. */
const PATIENCE = 10_000;

/** The last step that was told of a SidecarSet. */
interface Told {
  readonly step: string;
  /** Milliseconds. */
  readonly since: number;
  /** What was said to hold it up. */
  readonly obstacle?: string;
}

/** Tells roll-outs line by line, for where there is no terminal: each step, and what holds up a step that lasts. */
export class Steps {
  readonly #told = new Map<string, Told>();
  readonly #tell: (text: string) => void;

  constructor(tell: (text: string) => void) {
    this.#tell = tell;
  }

  /** Tells what is new. */
  show(sidecarSets: readonly SidecarSet[], now: Date): void {
    const time = now.getTime();
    for (const sidecarSet of sidecarSets) {
      const { metadata: { name = "" } } = sidecarSet;
      const { state, message } = rolloutStateOf(sidecarSet);
      if (state !== "Moving") continue;
      const step = stepOf(sidecarSet);
      const last = this.#told.get(name);
      if (last?.step !== step) {
        if (step !== "") this.#tell(`${name}: ${step}\n`);
        this.#told.set(name, { step, since: time });
      } else if (time - last.since >= PATIENCE && last.obstacle !== message) {
        this.#tell(rolloutText(sidecarSet, "is waiting"));
        this.#told.set(name, { ...last, obstacle: message });
      }
    }
  }
}

/** Empty until the controller has seen a change: the counts are those of before. */
function stepOf(sidecarSet: SidecarSet): string {
  const { updatedPods = 0, matchedPods = 0 } = sidecarSet.status ?? {};
  const isSeen = rolloutStateOf(sidecarSet).reason !== "NotObserved";
  return isSeen ? `${updatedPods} of ${matchedPods} Pods are updated` : "";
}

/** What a roll-out does, such as `has ended`, and why. */
export function rolloutText(sidecarSet: SidecarSet, what: string): string {
  const { reason, message } = rolloutStateOf(sidecarSet);
  const title = inOneLine(`The roll-out of ${sidecarSet.metadata.name} ${what} (${reason}):`);
  return `${[title, ...wrapped(message, 2)].join("\n")}\n`;
}
