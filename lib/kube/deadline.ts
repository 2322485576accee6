import type { Clock } from "../api/clock.ts";

export interface DeadlineOptions {
  clock: Pick<Clock, "sleep">;
  /** Aborts the deadline's signal too. */
  signal?: AbortSignal;
}

/** A signal that is aborted after a time unless the deadline is cleared before; clear it in any case. */
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

  /** The time was up before the deadline was cleared. */
  get passed(): boolean {
    return this.#late.signal.aborted;
  }

  clear(): void {
    this.#cleared.abort();
  }
}
