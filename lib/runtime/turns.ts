import type { Clock } from "../api/clock.ts";

/** After this long in one turn of the event loop, admissions come first. */
const BUDGET_MS = 3;
/** As long as work, so that half of the time is left. Deno serves no connection before a timer has fired. */
const PAUSE_MS = 3;

/** Clock of the turns, and what their pauses are for. */
export interface TurnsOptions {
  readonly clock: Pick<Clock, "monotonic" | "sleep">;
  /** Whether reviews can arrive; until then a pause is one turn of the event loop. */
  isServing(): boolean;
}

/** Turns of the event loop: each has a few milliseconds for all long work together. */
export class Turns {
  readonly #options: TurnsOptions;
  /** When the time of the turn is over; undefined between turns. */
  #end: number | undefined;
  /** What goes on in the next turn. */
  readonly #paused: (() => void)[] = [];

  constructor(options: TurnsOptions) {
    this.#options = options;
  }

  /** Whether the turn has time left. Begins a turn where none has begun. */
  hasTime(): boolean {
    const { clock } = this.#options;
    if (this.#end !== undefined) return clock.monotonic() < this.#end;
    this.#end = clock.monotonic() + BUDGET_MS;
    void this.#finish(this.#end);
    return true;
  }

  untilNext(): Promise<void> {
    return new Promise((resolve) => void this.#paused.push(resolve));
  }

  /**
   * A long turn ends with a rest for all work: if each paused for itself, one would wake while another works, and their
   * timers would follow each other without time for connections. Each is the first to go on in one of the turns.
   */
  async #finish(end: number): Promise<void> {
    const { clock, isServing } = this.#options;
    await clock.sleep(0);
    if (clock.monotonic() >= end && isServing()) await clock.sleep(PAUSE_MS);
    this.#end = undefined;
    const [first, ...others] = this.#paused.splice(0);
    for (const goOn of others) goOn();
    first?.();
  }
}
