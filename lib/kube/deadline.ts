import type { Clock } from "../api/clock.ts";

interface DeadlineOptions {
  clock: Pick<Clock, "sleep">;
  /** Its abort also aborts the deadline's signal. */
  signal?: AbortSignal;
}

/** A signal that is aborted after a time. The owner must call `clear()` in every case. */
export class Deadline {
  readonly signal: AbortSignal;
  readonly #late = new AbortController();
  readonly #cleared = new AbortController();

  constructor(milliseconds: number, { clock, signal }: DeadlineOptions) {
    this.signal = signal ? AbortSignal.any([signal, this.#late.signal]) : this.#late.signal;
    clock.sleep(milliseconds, this.#cleared.signal).then(() => {
      if (!this.#cleared.signal.aborted) this.#late.abort();
    });
  }

  /** Whether the time has passed without `clear()`. */
  get hasPassed(): boolean {
    return this.#late.signal.aborted;
  }

  clear(): void {
    // With an explicit reason, because creating the default one is a large part of a small request.
    this.#cleared.abort("cleared");
  }
}
