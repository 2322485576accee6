import type { Clock } from "../api/clock.ts";
import { runAtOnce, type Steps } from "../core/steps.ts";

/** Runs a computation, with pauses if it is long. Rejects with what it throws. */
export type RunSteps = <T>(steps: Steps<T>) => Promise<T>;

/** Runs a computation without a pause. */
export const atOnce: RunSteps = (steps) => new Promise((resolve) => resolve(runAtOnce(steps)));

/** A computation, and the time that it takes without the pauses. */
export class TimedSteps<T> {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #steps: Steps<T>;
  #spentMs = 0;

  constructor(clock: Pick<Clock, "monotonic">, steps: Steps<T>) {
    this.#clock = clock;
    this.#steps = steps;
  }

  /** So far. */
  get spentMs(): number {
    return this.#spentMs;
  }

  *steps(): Steps<T> {
    for (;;) {
      const started = this.#clock.monotonic();
      const { done, value } = this.#steps.next();
      this.#spentMs += this.#clock.monotonic() - started;
      if (done) return value;
      yield;
    }
  }
}
