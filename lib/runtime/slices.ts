import type { Clock } from "../api/clock.ts";
import type { Logger } from "../api/logger.ts";
import type { RunSteps } from "../controller/steps.ts";
import type { Slices } from "../index/reclassifier.ts";

/** Classifying this number of Pods takes less than a millisecond, or a few where they have many sidecars. */
const PODS_PER_SLICE = 50;
/** After this long, admissions come first. */
const BUDGET_MS = 3;
/** As long as work, so that half of the time is left. Deno serves no connection before a timer has fired. */
const PAUSE_MS = 3;

/** Options of {@linkcode createSlices}. */
export interface SlicesOptions {
  readonly clock: Pick<Clock, "monotonic" | "sleep">;
  readonly logger: Logger;
}

/** Runs long computations for a few milliseconds at a time, with pauses in which the event loop serves reviews. */
export function createRunSteps({ clock }: Pick<SlicesOptions, "clock">): RunSteps {
  return async (steps) => {
    for (;;) {
      const end = clock.monotonic() + BUDGET_MS;
      do {
        const { done, value } = steps.next();
        if (done) return value;
      } while (clock.monotonic() < end);
      await clock.sleep(PAUSE_MS);
    }
  };
}

/** Classifies Pods for a few milliseconds at a time, with the same pauses. */
export function createSlices({ clock, logger }: SlicesOptions): Slices {
  const attempt = (work: () => boolean) => {
    try {
      return work();
    } catch (error) {
      logger.error("Cannot apply a change to an object; going on with the next one", {
        error: error instanceof Error ? error.stack : String(error),
      });
      return true;
    }
  };
  const runAll = async (work: () => boolean) => {
    for (;;) {
      await clock.sleep(PAUSE_MS);
      const end = clock.monotonic() + BUDGET_MS;
      do {
        if (!attempt(work)) return;
      } while (clock.monotonic() < end);
    }
  };
  return { pods: PODS_PER_SLICE, run: (work) => void runAll(work) };
}
