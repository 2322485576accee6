import type { Clock } from "../api/clock.ts";
import type { Logger } from "../api/logger.ts";
import type { RunSteps } from "../controller/steps.ts";
import type { Slices } from "../index/reclassifier.ts";

/** Classifying this number of Pods takes less than a millisecond, or a few where they have many sidecars. */
const PODS_PER_SLICE = 25;
/** After this long in one turn of the event loop, admissions come first. */
const BUDGET_MS = 3;
/** As long as work, so that half of the time is left. Deno serves no connection before a timer has fired. */
const PAUSE_MS = 3;

interface SlicesOptions {
  readonly clock: Pick<Clock, "monotonic" | "sleep">;
  readonly logger: Logger;
  /** Whether reviews can arrive; until then a pause is one turn of the event loop. */
  isServing(): boolean;
}

/** Long work of a process, which shares the time of each turn of the event loop. */
export interface SlicedWork extends Slices {
  /** Runs a computation at once while the turn has time, and the rest of it in later turns. */
  readonly runSteps: RunSteps;
  /** Resolves in a later turn; undefined while this one has time. */
  pause(): Promise<void> | undefined;
}

/**
 * Creates the scheduler of long work: a few milliseconds per turn of the event loop for all of it together, then a
 * pause in which reviews are served. Work takes turns after each step.
 */
export function createSlices({ clock, logger, isServing }: SlicesOptions): SlicedWork {
  /** Each does one step, and answers whether any is left. */
  const waiting: (() => boolean)[] = [];
  let isRunning = false;
  let turn: { readonly end: number } | undefined;
  /** What goes on when the turn is over. */
  const pausing: (() => void)[] = [];
  /**
   * A long turn ends with a rest for all work: if each paused for itself, one would wake while another works, and their
   * timers would follow each other without time for connections. Each is the first to go on in one of the turns.
   */
  const endTurn = async (end: number) => {
    await clock.sleep(0);
    if (clock.monotonic() >= end && isServing()) await clock.sleep(PAUSE_MS);
    turn = undefined;
    const [first, ...others] = pausing.splice(0);
    for (const goOn of others) goOn();
    first?.();
  };
  /** Begins a turn where none has begun. */
  const hasTime = () => {
    if (turn === undefined) {
      turn = { end: clock.monotonic() + BUDGET_MS };
      void endTurn(turn.end);
      return true;
    }
    return clock.monotonic() < turn.end;
  };
  const untilNextTurn = () => new Promise<void>((resolve) => void pausing.push(resolve));
  const runAll = async () => {
    while (waiting.length > 0) {
      hasTime();
      await untilNextTurn();
      hasTime();
      do {
        const step = waiting.shift();
        if (step?.()) waiting.push(step);
        // Queues and watches that may go on in this turn do so between two steps, not only once.
        await undefined;
      } while (waiting.length > 0 && hasTime());
    }
    isRunning = false;
  };
  const add = (step: () => boolean) => {
    waiting.push(step);
    if (isRunning) return;
    isRunning = true;
    void runAll();
  };
  const attempt = <T>(work: () => T): T | undefined => {
    try {
      return work();
    } catch (error) {
      logger.error("Cannot apply a change to an object; going on with the next one", {
        error: error instanceof Error ? error.stack : String(error),
      });
      return undefined;
    }
  };
  return {
    pods: PODS_PER_SLICE,
    hasTime: () => waiting.length === 0 && hasTime(),
    attempt,
    run: (work) => add(() => attempt(work) ?? true),
    pause: () => hasTime() ? undefined : untilNextTurn(),
    async runSteps(steps) {
      while (waiting.length === 0 && hasTime()) {
        const { done, value } = steps.next();
        if (done) return value;
      }
      return await new Promise((resolve, reject) =>
        add(() => {
          try {
            const { done, value } = steps.next();
            if (done) resolve(value);
            return !done;
          } catch (error) {
            reject(error);
            return false;
          }
        })
      );
    },
  };
}
