import type { SidecarSet } from "../../api/sidecarset.ts";
import { wrapped } from "../output.ts";
import { rolloutStateOf } from "../rollout_state.ts";
import type { Terminal } from "../terminal.ts";
import { LiveLines } from "./live_lines.ts";
import { progressLine } from "./progress_bar.ts";

export interface FollowOptions {
  readonly terminal: Terminal;
  /** Milliseconds; 0 is without end. */
  readonly timeout: number;
  /** The SidecarSets as they are now. */
  read(): Promise<readonly SidecarSet[]>;
}

const INTERVAL = 500;

/**
 * Follows roll-outs until each of them has ended or is blocked: with a bar for each on a terminal, with a line for each
 * step elsewhere.
 *
 * @returns the exit status: 0 all have ended, 1 one is blocked, 3 the time is over, 130 interrupted.
 */
export function followRollouts(options: FollowOptions): Promise<number> {
  return options.terminal.interruptible((signal) => follow(options, signal));
}

async function follow({ terminal, timeout, read }: FollowOptions, signal: AbortSignal) {
  const view = new LiveLines(terminal);
  const told = new Map<string, string>();
  const deadline = timeout === 0 ? Infinity : terminal.now().getTime() + timeout;
  for (;;) {
    const sidecarSets = await read();
    const states = sidecarSets.map(rolloutStateOf);
    if (terminal.interactive) {
      view.show(sidecarSets.map((each) => progressLine(each, terminal.columns())));
    } else tellSteps(sidecarSets, { told, terminal });
    if (states.every(({ state }) => state !== "Moving")) {
      view.end();
      return outcome(sidecarSets, terminal);
    }
    const isLate = terminal.now().getTime() >= deadline;
    if (isLate) {
      view.end();
      tellWaiting(sidecarSets, terminal);
      return 3;
    }
    await terminal.sleep(INTERVAL, signal);
    if (signal.aborted) {
      view.end();
      return 130;
    }
  }
}

/** One line whenever something has changed. */
function tellSteps(
  sidecarSets: readonly SidecarSet[],
  { told, terminal }: { told: Map<string, string>; terminal: Terminal },
): void {
  for (const sidecarSet of sidecarSets) {
    const { state, message } = rolloutStateOf(sidecarSet);
    const name = sidecarSet.metadata.name ?? "";
    if (state !== "Moving" || told.get(name) === message) continue;
    told.set(name, message);
    terminal.write(`${name}: ${message}\n`);
  }
}

function outcome(sidecarSets: readonly SidecarSet[], terminal: Terminal): number {
  let status = 0;
  for (const sidecarSet of sidecarSets) {
    const { state, reason, message } = rolloutStateOf(sidecarSet);
    if (state === "Blocked") status = 1;
    const word = state === "Blocked" ? "is blocked" : "has ended";
    const lines = [
      `The roll-out of ${sidecarSet.metadata.name} ${word} (${reason}):`,
      ...wrapped(message, 2),
    ];
    terminal.write(`${lines.join("\n")}\n`);
  }
  return status;
}

function tellWaiting(sidecarSets: readonly SidecarSet[], terminal: Terminal): void {
  for (const sidecarSet of sidecarSets) {
    const { state, reason, message } = rolloutStateOf(sidecarSet);
    if (state !== "Moving") continue;
    terminal.error(
      `The time is over before the roll-out of ${sidecarSet.metadata.name} (${reason}): ` +
        `${message}. Look again with: status ${sidecarSet.metadata.name} --watch\n`,
    );
  }
}
