import type { SidecarSet } from "../../api/sidecarset.ts";
import { isRetryable } from "../../kube/errors.ts";
import { rolloutStateOf } from "../sidecarsets/rollout_state.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { LiveLines, progressLines, rolloutText, Steps } from "./progress.ts";

export interface FollowOptions {
  readonly terminal: Terminal;
  /** Milliseconds; 0 is without end. */
  readonly timeout: number;
  /** The SidecarSets as they are now. */
  read(signal: AbortSignal): Promise<readonly SidecarSet[]>;
  /** Prints a step or the outcome. */
  tell(text: string): void;
}

const INTERVAL = 500;

/** How long the API server may be away once roll-outs have been seen, in milliseconds. */
const PATIENCE = 60_000;

/**
 * Follows roll-outs until each of them has ended or is blocked: with a bar for each on a terminal, with a line for each
 * step elsewhere.
 *
 * @returns the exit status: 0 all have ended, 1 one is blocked, 3 the time is over, 130 interrupted or nobody reads on.
 */
export function followRollouts(options: FollowOptions): Promise<number> {
  const { terminal } = options;
  return terminal.interruptible((signal) =>
    follow(options, AbortSignal.any([signal, terminal.closed]))
  );
}

async function follow(options: FollowOptions, signal: AbortSignal): Promise<number> {
  const { terminal, timeout } = options;
  const view = new LiveLines(terminal);
  const steps = new Steps(options.tell);
  const read = patientReader(options);
  const deadline = timeout === 0 ? Infinity : terminal.now().getTime() + timeout;
  try {
    for (;;) {
      const sidecarSets = await read(signal);
      if (terminal.interactive) view.show(progressLines(sidecarSets, terminal.window()));
      else steps.show(sidecarSets, terminal.now());
      if (sidecarSets.every((each) => rolloutStateOf(each).state !== "Moving")) {
        return outcome(sidecarSets, options);
      }
      if (terminal.now().getTime() >= deadline) {
        tellWaiting(sidecarSets, terminal);
        return 3;
      }
      await terminal.sleep(INTERVAL, signal);
      if (signal.aborted) return 130;
    }
  } catch (error) {
    if (signal.aborted) return 130;
    throw error;
  }
}

/** What was read last stands in for what cannot be read just now: roll-outs go on while an API server restarts. */
function patientReader({ terminal, read }: FollowOptions) {
  let last: readonly SidecarSet[] | undefined;
  let lastRead = 0;
  return async (signal: AbortSignal): Promise<readonly SidecarSet[]> => {
    try {
      last = await read(signal);
      lastRead = terminal.now().getTime();
      return last;
    } catch (error) {
      const isPassing = isRetryable(error) && terminal.now().getTime() - lastRead < PATIENCE;
      if (last === undefined || !isPassing || signal.aborted) throw error;
      return last;
    }
  };
}

function outcome(sidecarSets: readonly SidecarSet[], { tell }: FollowOptions): number {
  let status = 0;
  for (const sidecarSet of sidecarSets) {
    const isBlocked = rolloutStateOf(sidecarSet).state === "Blocked";
    if (isBlocked) status = 1;
    tell(rolloutText(sidecarSet, isBlocked ? "is blocked" : "has ended"));
  }
  return status;
}

function tellWaiting(sidecarSets: readonly SidecarSet[], terminal: Terminal): void {
  for (const sidecarSet of sidecarSets) {
    if (rolloutStateOf(sidecarSet).state !== "Moving") continue;
    terminal.error(rolloutText(sidecarSet, "has not ended in time"));
    const { name } = sidecarSet.metadata;
    terminal.error(`Continue with: ${terminal.program} status ${name} --watch\n`);
  }
}
