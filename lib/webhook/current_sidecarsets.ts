import type { Clock } from "../api/clock.ts";

/** Below the timeout of the API server. */
const DEADLINE_MS = 2_000;

/** Where the numbers of SidecarSets come from. */
interface CurrentSidecarSetsOptions {
  readonly clock: Clock;
  /** Number of SidecarSets that the API server has. May reject with what it answers. */
  readCount(signal: AbortSignal): Promise<number>;
  /** Number of SidecarSets that this process knows. */
  knownCount(): number;
  /** Time for one wait, in milliseconds. @default 2000 */
  readonly deadlineMs?: number;
}

/**
 * Waits until this process knows the SidecarSets that the API server has. Their numbers are compared, as no
 * resourceVersion tells whether the watch lags: each creation raises the number, and while one deletion and one
 * creation are under way, the watch may lag by both.
 */
export class CurrentSidecarSets {
  readonly #options: CurrentSidecarSetsOptions;
  readonly #waiting = new Set<() => void>();
  #running: Promise<number> | undefined;
  #next: Promise<number> | undefined;

  constructor(options: CurrentSidecarSetsOptions) {
    this.#options = options;
  }

  /** Records that the number of known SidecarSets may have changed. */
  observe(): void {
    for (const check of this.#waiting) check();
  }

  /** Resolves also after the deadline, or if the number cannot be read. Never rejects. */
  async untilCurrent(): Promise<void> {
    const { clock, deadlineMs = DEADLINE_MS } = this.#options;
    const done = new AbortController();
    await Promise.race([
      this.#count().then((count) => this.#untilKnown(count, done.signal)).catch(() => {}),
      clock.sleep(deadlineMs, done.signal),
    ]);
    done.abort();
  }

  /** The number at a time after this call: concurrent calls share the next request. */
  #count(): Promise<number> {
    if (this.#running === undefined) return this.#read();
    this.#next ??= this.#running.catch(() => {}).then(() => {
      this.#next = undefined;
      return this.#read();
    });
    return this.#next;
  }

  #read(): Promise<number> {
    const { readCount, deadlineMs = DEADLINE_MS } = this.#options;
    const running = readCount(AbortSignal.timeout(deadlineMs)).finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }

  #untilKnown(count: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (this.#options.knownCount() < count && !signal.aborted) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
      signal.addEventListener("abort", check, { once: true });
      check();
    });
  }
}
