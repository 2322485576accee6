import TinyQueue from "tinyqueue";
import type { Clock } from "../api/clock.ts";
import { backoffDelay } from "../core/backoff.ts";

interface QueueOptions {
  clock: Clock;
  /** How many keys are worked on at a time. */
  concurrency: number;
  /** First delay after a failure, in milliseconds; doubles with each further failure of the key. */
  baseDelay: number;
  maxDelay: number;
  observer?: QueueObserver;
  /** Number of keys that wait elsewhere for their turn. @default none */
  heldBack?(): number;
  /** Delays the next key where the event loop has been busy for long. @default no delay */
  pause?(): Promise<void> | undefined;
}

/**
 * The wall clock has whole milliseconds, the monotonic one fractions of them: what is due by one may not be due by the
 * other. Without this delay its key would be reconciled again and again until they agree.
 */
const MIN_REQUEUE_MS = 1;

/** Observes keys, for metrics; all times in milliseconds. */
export interface QueueObserver {
  /** A key waits that did not wait before. */
  onAdded(): void;
  /** @param waited since the key was due */
  onStarted(waited: number): void;
  onDone(outcome: Outcome, duration: number): void;
}

/**
 * The result of a worker: done, requeue after a delay in milliseconds, or failed, with a back-off cap in milliseconds
 * where the queue's is too long.
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

/** Limit of timers. */
const LONGEST_SLEEP = 2 ** 31 - 1;

/**
 * Rate-limited work queue (`k8s.io/client-go/util/workqueue`). A key is queued at most once, with the earlier of its
 * times; it is never worked on twice at a time, and is worked on again if it is added meanwhile.
 */
export class WorkQueue {
  readonly #options: QueueOptions;
  readonly #pending = new Map<string, Pending>();
  /** Min-heap by due time; may hold stale entries. */
  readonly #upcoming = new TinyQueue<Pending>([], (a, b) => a.due - b.due || a.serial - b.serial);
  /** Since when, by key. */
  readonly #working = new Map<string, number>();
  readonly #failures = new Map<string, number>();
  #serial = 0;
  #sleep: { readonly until: number; readonly alarm: AbortController } | undefined;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  /**
   * Number of keys that wait although they are due. As in client-go (`defaultQueueMetrics`), those that were added
   * again while they are worked on count, and delayed keys do not.
   */
  get depth(): number {
    const { clock, heldBack } = this.#options;
    const now = clock.monotonic();
    const due = this.#pending.values().filter((pending) => pending.due <= now);
    return [...due].length + (heldBack?.() ?? 0);
  }

  get concurrency(): number {
    return this.#options.concurrency;
  }

  /** Milliseconds spent so far on each key under way. */
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

  /** Drops a key and its failures. */
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
      // Reconciliations without I/O follow each other as microtasks, which no review can interrupt.
      await this.#options.pause?.();
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
    if (outcome.requeueAfter === undefined) return;
    this.add(key, Math.max(outcome.requeueAfter, MIN_REQUEUE_MS));
  }

  /** Queues a key that is not under way. */
  #queue(pending: Pending): void {
    this.#upcoming.push(pending);
    // With an explicit reason, because creating the default one costs as much as a small reconciliation.
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

  /** The key that is due first; drops stale entries. */
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
