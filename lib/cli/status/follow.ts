import type { SidecarSet } from "../../api/sidecarset.ts";
import { isRetryable } from "../../kube/errors.ts";
import { rolloutStateOf } from "../sidecarsets/rollout_state.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { LiveLines, progressLines, rolloutText, Steps } from "./progress.ts";

interface FollowOptions {
  readonly terminal: Terminal;
  /** Timeout; 0 means no timeout. */
  readonly timeoutMs: number;
  /** Reads the SidecarSets. */
  read(signal: AbortSignal): Promise<readonly SidecarSet[]>;
  /** Prints a step or the outcome. */
  print(text: string): void;
}

const POLL_INTERVAL_MS = 500;

/** How long the API server may be unavailable after the first successful read. */
const MAX_OUTAGE_MS = 60_000;

/**
 * Follows roll-outs until each has ended or is blocked. Shows progress bars on a terminal, and a line per step
 * elsewhere.
 *
 * @returns the exit status: 0 all have ended, 1 one is blocked, 3 timed out, 130 interrupted or output closed.
 */
export function followRollouts(options: FollowOptions): Promise<number> {
  const { terminal } = options;
  return terminal.interruptible((signal) =>
    follow(options, AbortSignal.any([signal, terminal.closed]))
  );
}

async function follow(options: FollowOptions, signal: AbortSignal): Promise<number> {
  const { terminal, timeoutMs } = options;
  const view = new LiveLines(terminal);
  const steps = new Steps(options.print);
  const read = cachingReader(options);
  const deadline = timeoutMs === 0 ? Infinity : terminal.now().getTime() + timeoutMs;
  try {
    for (;;) {
      const sidecarSets = await read(signal);
      if (terminal.interactive) view.show(progressLines(sidecarSets, terminal.window()));
      else steps.show(sidecarSets, terminal.now());
      if (sidecarSets.every((each) => rolloutStateOf(each).state !== "Moving")) {
        return outcome(sidecarSets, options);
      }
      if (terminal.now().getTime() >= deadline) {
        reportTimeout(sidecarSets, terminal);
        return 3;
      }
      await terminal.sleep(POLL_INTERVAL_MS, signal);
      if (signal.aborted) return 130;
    }
  } catch (error) {
    if (signal.aborted) return 130;
    throw error;
  }
}

/** Returns the last result while the API server is unavailable: roll-outs continue while it restarts. */
function cachingReader({ terminal, read }: FollowOptions) {
  let last: readonly SidecarSet[] | undefined;
  let lastRead = 0;
  return async (signal: AbortSignal): Promise<readonly SidecarSet[]> => {
    try {
      last = await read(signal);
      lastRead = terminal.now().getTime();
      return last;
    } catch (error) {
      const isTransient = isRetryable(error) && terminal.now().getTime() - lastRead < MAX_OUTAGE_MS;
      if (last === undefined || !isTransient || signal.aborted) throw error;
      return last;
    }
  };
}

function outcome(sidecarSets: readonly SidecarSet[], { print }: FollowOptions): number {
  let status = 0;
  for (const sidecarSet of sidecarSets) {
    const isBlocked = rolloutStateOf(sidecarSet).state === "Blocked";
    if (isBlocked) status = 1;
    print(rolloutText(sidecarSet, isBlocked ? "is blocked" : "has ended"));
  }
  return status;
}

function reportTimeout(sidecarSets: readonly SidecarSet[], terminal: Terminal): void {
  for (const sidecarSet of sidecarSets) {
    if (rolloutStateOf(sidecarSet).state !== "Moving") continue;
    terminal.error(rolloutText(sidecarSet, "has not ended in time"));
    const { name } = sidecarSet.metadata;
    terminal.error(`Continue with: ${terminal.program} status ${name} --watch\n`);
  }
}
