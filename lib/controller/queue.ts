import TinyQueue from "tinyqueue";
import type { Clock } from "../api/clock.ts";
import { backoffDelay } from "../core/backoff.ts";

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

/**
 * What a worker wants next for its key: nothing, another look after a delay in milliseconds, or another try because it
 * failed, with a back-off cap of its own where the queue's is too long.
 */
export type Outcome =
  | { readonly requeueAfter?: number }
  | { readonly failed: true; readonly maxDelay?: number };

interface Pending {
  readonly key: string;
  readonly due: number;
  /** In the order in which keys were added. */
  readonly serial: number;
}

/** The longest that a timer waits. */
const LONGEST_SLEEP = 2 ** 31 - 1;

/**
 * Keys that wait for a worker. A key waits at most once and its earlier time wins; it is never worked on twice at the same time, and one that
 * is added meanwhile is worked on again afterwards (`k8s.io/client-go/util/workqueue`).
 */
export class WorkQueue {
  readonly #options: QueueOptions;
  readonly #pending = new Map<string, Pending>();
  /** Those that nobody works on, and some that do not wait any more, the first that is due in front. */
  readonly #upcoming = new TinyQueue<Pending>([], (a, b) => a.due - b.due || a.serial - b.serial);
  /** Since when, by key. */
  readonly #working = new Map<string, number>();
  readonly #failures = new Map<string, number>();
  #serial = 0;
  #sleep: { readonly until: number; readonly alarm: AbortController } | undefined;

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
    const pending = { key, due, serial: ++this.#serial };
    this.#pending.set(key, pending);
    if (!this.#working.has(key)) this.#queue(pending);
  }

  /** Drops what is remembered of a key that is gone. */
  forget(key: string): void {
    this.#pending.delete(key);
    this.#failures.delete(key);
  }

  /** Works until the signal is aborted, then waits for the workers under way. A worker that throws has failed. */
  async run(worker: (key: string) => Promise<Outcome>, signal: AbortSignal): Promise<void> {
    const running = new Set<Promise<void>>();
    while (!signal.aborted) {
      if (running.size >= this.#options.concurrency) {
        await Promise.race(running);
        continue;
      }
      const key = this.#takeDue();
      if (key === undefined) {
        await this.#untilSomethingIsDue(signal);
        continue;
      }
      const work = this.#work(key, worker).finally(() => running.delete(work));
      running.add(work);
    }
    await Promise.all(running);
  }

  async #work(key: string, worker: (key: string) => Promise<Outcome>): Promise<void> {
    const { clock, observer } = this.#options;
    const started = clock.monotonic();
    this.#working.set(key, started);
    const outcome = await outcomeOf(() => worker(key));
    this.#working.delete(key);
    const again = this.#pending.get(key);
    if (again) this.#queue(again);
    observer?.onDone(outcome, clock.monotonic() - started);
    if ("failed" in outcome) {
      const failures = this.#failures.get(key) ?? 0;
      this.#failures.set(key, failures + 1);
      const { baseDelay, maxDelay } = this.#options;
      const max = Math.min(maxDelay, outcome.maxDelay ?? Infinity);
      this.add(key, backoffDelay(failures, { base: baseDelay, max }));
      return;
    }
    this.#failures.delete(key);
    if (outcome.requeueAfter !== undefined) this.add(key, outcome.requeueAfter);
  }

  /** Lets a key that nobody works on have its turn. */
  #queue(pending: Pending): void {
    this.#upcoming.push(pending);
    // A reason of its own, because making the usual one costs as much as a small piece of work.
    if (this.#sleep && pending.due < this.#sleep.until) this.#sleep.alarm.abort("woken");
  }

  #takeDue(): string | undefined {
    const now = this.#options.clock.monotonic();
    const first = this.#first();
    if (first === undefined || first.due > now) return undefined;
    this.#upcoming.pop();
    this.#pending.delete(first.key);
    this.#options.observer?.onStarted(now - first.due);
    return first.key;
  }

  /** The key that nobody works on and that is due first; drops what has got another time, or does not wait any more. */
  #first(): Pending | undefined {
    for (;;) {
      const first = this.#upcoming.peek();
      if (first === undefined || this.#pending.get(first.key) === first) return first;
      this.#upcoming.pop();
    }
  }

  async #untilSomethingIsDue(signal: AbortSignal): Promise<void> {
    const until = this.#first()?.due ?? Infinity;
    const alarm = new AbortController();
    this.#sleep = { until, alarm };
    await this.#options.clock.sleep(
      Math.min(Math.max(0, until - this.#options.clock.monotonic()), LONGEST_SLEEP),
      AbortSignal.any([signal, alarm.signal]),
    );
    this.#sleep = undefined;
  }
}

/** A key whose worker throws must not stay locked. */
async function outcomeOf(work: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await work();
  } catch {
    return { failed: true };
  }
}
