import type { Clock } from "../api/clock.ts";

export interface OpenWatchOptions {
  clock: Clock;
  /** Milliseconds without a value after which the peer counts as gone; fetch itself would wait for ever. */
  idleDeadlineMs: number;
  signal: AbortSignal;
}

/** One watch under its idle deadline; close it in any case. */
export class OpenWatch {
  readonly #options: OpenWatchOptions;
  readonly #closed = new AbortController();
  readonly #late = new AbortController();
  #lastSign: number;
  #reader: ReadableStreamDefaultReader<unknown> | undefined;

  constructor(options: OpenWatchOptions) {
    this.#options = options;
    this.#lastSign = options.clock.monotonic();
  }

  /** The peer gave no sign for longer than the deadline; what waited for it has ended. */
  get silent(): boolean {
    return this.#late.signal.aborted;
  }

  async open(start: (signal: AbortSignal) => Promise<ReadableStream<unknown>>): Promise<void> {
    this.#watchOver();
    const signal = AbortSignal.any([this.#options.signal, this.#late.signal]);
    const stream = await start(signal);
    const reader = stream.getReader();
    this.#reader = reader;
    // A stream of another client may not end by itself when its signal is aborted.
    const cancel = () => reader.cancel().catch(() => {});
    signal.addEventListener("abort", cancel, { once: true, signal: this.#closed.signal });
    if (signal.aborted) await cancel();
  }

  async next(): Promise<ReadableStreamReadResult<unknown>> {
    if (!this.#reader) throw new TypeError("Cannot read a watch that is not open");
    const result = await this.#reader.read();
    this.#lastSign = this.#options.clock.monotonic();
    return result;
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await this.#reader?.cancel().catch(() => {});
  }

  /** One timer for the whole watch, whatever the number of events. */
  async #watchOver(): Promise<void> {
    const { clock, idleDeadlineMs } = this.#options;
    for (;;) {
      const left = this.#lastSign + idleDeadlineMs - clock.monotonic();
      if (left <= 0) return this.#late.abort();
      await clock.sleep(left, this.#closed.signal);
      if (this.#closed.signal.aborted) return;
    }
  }
}
