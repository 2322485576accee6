import type { SidecarSet } from "../../api/sidecarset.ts";
import { inOneLine } from "../../core/printable.ts";
import { rolloutStateOf } from "../sidecarsets/rollout_state.ts";
import { wrapped } from "../terminal/output.ts";
import type { Terminal } from "../terminal/terminal.ts";

const MAX_BAR_LENGTH = 24;
const MIN_BAR_LENGTH = 4;

/** Size of a terminal. */
interface Window {
  readonly columns: number;
  readonly rows: number;
}

/** One line per SidecarSet. If the window is too small: the active roll-outs, and the number of the others. */
export function progressLines(
  sidecarSets: readonly SidecarSet[],
  { columns, rows }: Window,
): string[] {
  // The cursor needs the last row.
  const room = rows - 1;
  if (sidecarSets.length <= room) return sidecarSets.map((each) => progressLine(each, columns));
  const shown = sidecarSets.filter((each) => rolloutStateOf(each).state === "Moving")
    .slice(0, Math.max(0, room - 1));
  return [
    ...shown.map((each) => progressLine(each, columns)),
    `and ${sidecarSets.length - shown.length} more`,
  ];
}

/** `logging [======>-----] 2/4 updated, 4 ready  RollingOut`; a narrow window shortens the bar first. */
export function progressLine(sidecarSet: SidecarSet, columns: number): string {
  const { metadata: { name = "" }, status = {} } = sidecarSet;
  const { matchedPods = 0, updatedPods = 0, readyPods = 0 } = status;
  const numbers = `${updatedPods}/${matchedPods} updated, ${readyPods} ready`;
  const end = `${numbers}  ${inOneLine(rolloutStateOf(sidecarSet).reason)}`;
  // A line in the last column would add an empty line.
  const widest = columns - 1;
  const room = widest - `${name} [] ${end}`.length;
  const length = Math.max(MIN_BAR_LENGTH, Math.min(MAX_BAR_LENGTH, room));
  return `${name} ${bar(updatedPods / matchedPods, length)} ${end}`.slice(0, Math.max(0, widest));
}

/** @param share Completed share; NaN, of no Pods, counts as complete. */
function bar(share: number, length: number): string {
  const filled = Math.min(length, Math.floor(length * (Number.isNaN(share) ? 1 : share)));
  const full = "=".repeat(filled);
  return filled === length ? `[${full}]` : `[${full}>${"-".repeat(length - filled - 1)}]`;
}

/** Lines on standard error that each update overwrites. Does not change the state of the terminal. */
export class LiveLines {
  readonly #terminal: Terminal;
  #shown: readonly string[] = [];

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Replaces the shown lines; each line must fit into the window. */
  show(lines: readonly string[]): void {
    if (lines.length === this.#shown.length && lines.every((line, i) => line === this.#shown[i])) {
      return;
    }
    if (this.#shown.length > 0) this.#terminal.eraseLines(this.#shown.length);
    this.#terminal.error(lines.map((line) => `${line}\n`).join(""));
    this.#shown = lines;
  }
}

/** How long a step may last before the blocker is printed. */
const STALL_NOTICE_MS = 10_000;

/** The last printed step of a SidecarSet. */
interface PrintedStep {
  readonly step: string;
  readonly sinceMs: number;
  /** The printed blocker. */
  readonly blocker?: string;
}

/** Prints roll-outs line by line for output without a terminal: each step, and the blocker of a stalled step. */
export class Steps {
  readonly #printed = new Map<string, PrintedStep>();
  readonly #print: (text: string) => void;

  constructor(print: (text: string) => void) {
    this.#print = print;
  }

  /** Prints new steps and blockers. */
  show(sidecarSets: readonly SidecarSet[], now: Date): void {
    const time = now.getTime();
    for (const sidecarSet of sidecarSets) {
      const { metadata: { name = "" } } = sidecarSet;
      const { state, message } = rolloutStateOf(sidecarSet);
      if (state !== "Moving") continue;
      const step = stepOf(sidecarSet);
      const last = this.#printed.get(name);
      if (last?.step !== step) {
        if (step !== "") this.#print(`${name}: ${step}\n`);
        this.#printed.set(name, { step, sinceMs: time });
      } else if (time - last.sinceMs >= STALL_NOTICE_MS && last.blocker !== message) {
        this.#print(rolloutText(sidecarSet, "is waiting"));
        this.#printed.set(name, { ...last, blocker: message });
      }
    }
  }
}

/** Empty until the controller has observed the change: the counts are outdated until then. */
function stepOf(sidecarSet: SidecarSet): string {
  const { updatedPods = 0, matchedPods = 0 } = sidecarSet.status ?? {};
  const isObserved = rolloutStateOf(sidecarSet).reason !== "NotObserved";
  return isObserved ? `${updatedPods} of ${matchedPods} Pods are updated` : "";
}

/** Formats the state of a roll-out, such as `has ended`, with its reason. */
export function rolloutText(sidecarSet: SidecarSet, what: string): string {
  const { reason, message } = rolloutStateOf(sidecarSet);
  const title = inOneLine(`The roll-out of ${sidecarSet.metadata.name} ${what} (${reason}):`);
  return `${[title, ...wrapped(message, 2)].join("\n")}\n`;
}
