import type { Logger } from "../api/logger.ts";
import type { RunSteps } from "../controller/steps.ts";
import type { Slices } from "../index/reclassifier.ts";
import { Turns, type TurnsOptions } from "./turns.ts";

/** Classifying this number of Pods takes less than a millisecond, or a few where they have many sidecars. */
const PODS_PER_SLICE = 25;

interface SlicesOptions extends TurnsOptions {
  readonly logger: Logger;
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
export function createSlices({ logger, ...options }: SlicesOptions): SlicedWork {
  const turns = new Turns(options);
  /** Each does one step, and answers whether any is left. */
  const waiting: (() => boolean)[] = [];
  let isRunning = false;
  const runAll = async () => {
    while (waiting.length > 0) {
      turns.hasTime();
      await turns.untilNext();
      turns.hasTime();
      do {
        const step = waiting.shift();
        if (step?.()) waiting.push(step);
        // Queues and watches that may go on in this turn do so between two steps, not only once.
        await undefined;
      } while (waiting.length > 0 && turns.hasTime());
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
    hasTime: () => waiting.length === 0 && turns.hasTime(),
    attempt,
    run: (work) => add(() => attempt(work) ?? true),
    pause: () => turns.hasTime() ? undefined : turns.untilNext(),
    async runSteps(steps) {
      while (waiting.length === 0 && turns.hasTime()) {
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
