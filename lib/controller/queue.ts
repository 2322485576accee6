import type { Clock } from "../api/clock.ts";

export interface QueueOptions {
  clock: Clock;
  /** How many keys are worked on at a time. */
  concurrency: number;
  /** First delay after a failure, in milliseconds; doubles with each further failure of the key. */
  baseDelay: number;
  maxDelay: number;
  observer?: QueueObserver;
}

/** Told what happens to keys, for metrics; all times in milliseconds. */
export interface QueueObserver {
  /** A key waits that did not wait before. */
  onAdded(): void;
  /** @param waited since the key was due */
  onStarted(waited: number): void;
  onDone(outcome: Outcome, duration: number): void;
}

/** What a worker wants next for its key: nothing, another look after a delay in milliseconds, or another try because it failed. */
export type Outcome = { readonly requeueAfter?: number } | { readonly failed: true };

interface Pending {
  due: number;
}

/**
 * Keys that wait for a worker. A key waits at most once and its earlier time wins; it is never worked on twice at the same time, and one that
 * is added meanwhile is worked on again afterwards (`k8s.io/client-go/util/workqueue`).
 */
export class WorkQueue {
  readonly #options: QueueOptions;
  readonly #pending = new Map<string, Pending>();
  /** Since when, by key. */
  readonly #working = new Map<string, number>();
  readonly #failures = new Map<string, number>();
  #wake = new AbortController();

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  /** Number of keys that wait. */
  get depth(): number {
    return this.#pending.size;
  }

  get concurrency(): number {
    return this.#options.concurrency;
  }

  /** For how many milliseconds each key has been worked on that is not done yet. */
  unfinished(): number[] {
    const now = this.#options.clock.monotonic();
    return [...this.#working.values()].map((since) => now - since);
  }

  add(key: string, delay = 0): void {
    const due = this.#options.clock.monotonic() + delay;
    const waiting = this.#pending.get(key);
    if (waiting && waiting.due <= due) return;
    if (!waiting) this.#options.observer?.onAdded();
    this.#pending.set(key, { due });
    this.#wake.abort();
  }

  /** Drops what is remembered of a key that is gone. */
  forget(key: string): void {
    this.#pending.delete(key);
    this.#failures.delete(key);
  }

  /** Works until the signal is aborted, then waits for the workers under way. The worker must not throw. */
  async run(worker: (key: string) => Promise<Outcome>, signal: AbortSignal): Promise<void> {
    const running = new Set<Promise<void>>();
    while (!signal.aborted) {
      const key = running.size < this.#options.concurrency ? this.#takeDue() : undefined;
      if (key === undefined) {
        await this.#untilSomethingIsDue(signal, running.size >= this.#options.concurrency);
        continue;
      }
      const work = this.#work(key, worker).finally(() => {
        running.delete(work);
        this.#wake.abort();
      });
      running.add(work);
    }
    await Promise.all(running);
  }

  async #work(key: string, worker: (key: string) => Promise<Outcome>): Promise<void> {
    const { clock, observer } = this.#options;
    const started = clock.monotonic();
    this.#working.set(key, started);
    const outcome = await worker(key);
    this.#working.delete(key);
    observer?.onDone(outcome, clock.monotonic() - started);
    if ("failed" in outcome) {
      const failures = this.#failures.get(key) ?? 0;
      this.#failures.set(key, failures + 1);
      const { baseDelay, maxDelay } = this.#options;
      this.add(key, Math.min(maxDelay, baseDelay * 2 ** failures));
      return;
    }
    this.#failures.delete(key);
    if (outcome.requeueAfter !== undefined) this.add(key, outcome.requeueAfter);
  }

  #takeDue(): string | undefined {
    const now = this.#options.clock.monotonic();
    for (const [key, { due }] of this.#pending) {
      if (due > now || this.#working.has(key)) continue;
      this.#pending.delete(key);
      this.#options.observer?.onStarted(now - due);
      return key;
    }
    return undefined;
  }

  async #untilSomethingIsDue(signal: AbortSignal, full: boolean): Promise<void> {
    const next = full ? Infinity : this.#untilNext();
    if (this.#wake.signal.aborted) this.#wake = new AbortController();
    else if (next > 0) {
      await this.#options.clock.sleep(
        Math.min(next, 2 ** 31 - 1),
        AbortSignal.any([signal, this.#wake.signal]),
      );
    }
  }

  /** Milliseconds until the first key that nobody works on is due. */
  #untilNext(): number {
    let first = Infinity;
    for (const [key, { due }] of this.#pending) {
      if (!this.#working.has(key)) first = Math.min(first, due);
    }
    return first - this.#options.clock.monotonic();
  }
}
