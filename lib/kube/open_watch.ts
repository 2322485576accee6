import type { Clock } from "../api/clock.ts";

export interface OpenWatchOptions {
  clock: Clock;
  /** Time without a value after which the peer counts as dead; fetch has no such timeout. */
  idleDeadlineMs: number;
  signal: AbortSignal;
}

/** One watch with an idle deadline. The owner must call `close()` in every case. */
export class OpenWatch {
  readonly #options: OpenWatchOptions;
  readonly #closed = new AbortController();
  readonly #idle = new AbortController();
  #lastValueAt: number;
  #reader: ReadableStreamDefaultReader<unknown> | undefined;

  constructor(options: OpenWatchOptions) {
    this.#options = options;
    this.#lastValueAt = options.clock.monotonic();
  }

  /** Whether the idle deadline has passed; pending reads have then ended. */
  get isSilent(): boolean {
    return this.#idle.signal.aborted;
  }

  /**
   * Starts the watch.
   *
   * @param start Sends the request; its signal is aborted by the idle deadline too
   */
  async open(start: (signal: AbortSignal) => Promise<ReadableStream<unknown>>): Promise<void> {
    this.#runIdleDeadline();
    const signal = AbortSignal.any([this.#options.signal, this.#idle.signal]);
    const stream = await start(signal);
    const reader = stream.getReader();
    this.#reader = reader;
    // The stream of another client may ignore its signal.
    const cancel = () => reader.cancel().catch(() => {});
    signal.addEventListener("abort", cancel, { once: true, signal: this.#closed.signal });
    if (signal.aborted) await cancel();
  }

  /** The next value, or `done` after the end of the watch. */
  async next(): Promise<ReadableStreamReadResult<unknown>> {
    if (!this.#reader) throw new TypeError("Cannot read a watch that is not open");
    const result = await this.#reader.read();
    this.#lastValueAt = this.#options.clock.monotonic();
    return result;
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await this.#reader?.cancel().catch(() => {});
  }

  /** One timer per watch, not per event. */
  async #runIdleDeadline(): Promise<void> {
    const { clock, idleDeadlineMs } = this.#options;
    for (;;) {
      const left = this.#lastValueAt + idleDeadlineMs - clock.monotonic();
      if (left <= 0) return this.#idle.abort();
      await clock.sleep(left, this.#closed.signal);
      if (this.#closed.signal.aborted) return;
    }
  }
}
