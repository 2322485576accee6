import type { Clock } from "../api/clock.ts";
import type { Logger } from "../api/logger.ts";
import { backoffDelay } from "../core/backoff.ts";
import { isConflict, isNotFound, isServerFault, isWebhookFailure } from "../kube/errors.ts";
import { FAULT_MS } from "./backoff.ts";
import { type Outcome, type QueueObserver, WorkQueue } from "./queue.ts";
import { NotLeaderError } from "./leadership.ts";

/** How often an unsynced process checks whether it is synced, and for how long its keys are requeued. */
const SYNC_POLL_MS = 20;
const SYNC_REQUEUE_MS = 200;
/** After a conflict the watch brings the newer state; the delay grows in case it does not. */
const CONFLICT_BACKOFF_MS = { base: 100, max: 5_000 };
const BASE_DELAY_MS = 100;
const MAX_DELAY_MS = 60_000;

/** What the loops of all controllers share. */
export interface LoopEnvironment {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: LoopMetrics;
  isLeader(): boolean;
  /** Whether the index has all that it watches. */
  isSynced(): boolean;
  /** Delays the next key where the event loop has been busy for long. @default no delay */
  pause?(): Promise<void> | undefined;
}

/** Metrics of controllers, by the controller's name. */
export interface LoopMetrics {
  /** The observer of one controller's queue. */
  observer(controller: string): QueueObserver;
  /** Lets the gauges read the queue when they are scraped. */
  observe(controller: string, queue: WorkQueue): void;
}

/** What differs between controllers: their task, their concurrency and when they run. */
export interface LoopOptions {
  /** Name of the controller: the label of its metrics. */
  readonly controller: string;
  /** How many keys are reconciled at a time. */
  readonly concurrency: number;
  /** What the controller does, for the log: "Cannot <task>; trying again". */
  readonly task: string;
  /** What its keys name, as a field of the log. */
  readonly keyField: string;
  /** First delay after a failure. */
  readonly baseDelayMs?: number;
  /** Also reconciles while another process leads. @default false */
  readonly everyReplica?: boolean;
  /** Also reconciles before the index is synced. @default false */
  readonly unsynced?: boolean;
  /** Number of keys that the controller reconciles after all others. @default none */
  heldBack?(): number;
  /**
   * Brings the object of a key nearer to its desired state. What it throws is handled by the error policy.
   *
   * @returns milliseconds after which to reconcile again although nothing may have changed
   */
  reconcile(key: string, signal: AbortSignal): Promise<number | undefined>;
}

/**
 * One controller: a queue of keys, and the policy for all that can happen to one, as in controller-runtime
 * (`pkg/internal/controller`). A follower drops its keys, because the next leader lists everything. A conflict or a
 * missing object is retried when the watch may have brought the newer state, and is no error. Everything else that is
 * thrown is logged, counted and retried with exponential back-off, which stays at a few seconds while it is the API
 * server that fails.
 */
export class Loop {
  readonly #environment: LoopEnvironment;
  readonly #options: LoopOptions;
  readonly #queue: WorkQueue;
  /** Conflicts in a row, by key. */
  readonly #conflicts = new Map<string, number>();
  readonly #background = new Set<Promise<void>>();

  constructor(environment: LoopEnvironment, options: LoopOptions) {
    this.#environment = environment;
    this.#options = options;
    const { clock, metrics, pause } = environment;
    const { controller, concurrency, baseDelayMs = BASE_DELAY_MS } = options;
    this.#queue = new WorkQueue({
      clock,
      concurrency,
      baseDelay: baseDelayMs,
      maxDelay: MAX_DELAY_MS,
      observer: metrics.observer(controller),
      heldBack: () => this.#isResponsible() ? options.heldBack?.() ?? 0 : 0,
      ...(pause ? { pause } : {}),
    });
    metrics.observe(controller, this.#queue);
  }

  /** Number of writes in the background. */
  get inFlight(): number {
    return this.#background.size;
  }

  /** Has a key reconciled, after a delay in milliseconds. */
  add(key: string, delayMs = 0): void {
    this.#queue.add(key, delayMs);
  }

  /** Drops a key and what is remembered of its failures. */
  forget(key: string): void {
    this.#queue.forget(key);
    this.#conflicts.delete(key);
  }

  /** Starts a write that no reconciliation waits for. The end of `run` waits for it. */
  start(write: () => Promise<void>): void {
    const running = write()
      .catch((error) => {
        const { logger } = this.#environment;
        logger.error(`Cannot ${this.#options.task}: a write failed unexpectedly`, { error });
      })
      .finally(() => this.#background.delete(running));
    this.#background.add(running);
  }

  /** Resolves when no write is under way in the background. */
  async settled(): Promise<void> {
    while (this.#background.size > 0) await Promise.all(this.#background);
  }

  /** Reconciles until the signal is aborted, then waits for all that it has begun. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#environment;
    // No key is taken before: with many SidecarSets that alone would delay the reading of the lists.
    while (!signal.aborted && !this.#isSynced()) await clock.sleep(SYNC_POLL_MS, signal);
    await this.#queue.run((key) => this.process(key, signal), signal);
    await this.settled();
  }

  /** Reconciles one key now, under the error policy. Never rejects. */
  async process(key: string, signal: AbortSignal): Promise<Outcome> {
    if (signal.aborted || !this.#isResponsible()) return {};
    if (!this.#isSynced()) return { requeueAfter: SYNC_REQUEUE_MS };
    const conflicts = this.#conflicts.get(key) ?? 0;
    this.#conflicts.delete(key);
    try {
      const requeueAfter = await this.#options.reconcile(key, signal);
      return requeueAfter === undefined ? {} : { requeueAfter };
    } catch (error) {
      if (signal.aborted || error instanceof NotLeaderError) return {};
      if (isConflict(error) || isNotFound(error)) {
        this.#conflicts.set(key, conflicts + 1);
        return { requeueAfter: backoffDelay(conflicts, CONFLICT_BACKOFF_MS) };
      }
      const { task, keyField } = this.#options;
      this.#environment.logger.warn(`Cannot ${task}; trying again`, { [keyField]: key, error });
      // A fault of the API server ends for all keys at once, and must not have grown their delays.
      const isFault = isServerFault(error) || isWebhookFailure(error);
      return { failed: true, ...(isFault ? { maxDelay: FAULT_MS.max } : {}) };
    }
  }

  #isResponsible(): boolean {
    return this.#options.everyReplica === true || this.#environment.isLeader();
  }

  #isSynced(): boolean {
    return this.#options.unsynced === true || this.#environment.isSynced();
  }
}

/**
 * Resolves when one of the signals is aborted. It listens to each signal, because the sources of `AbortSignal.any()`
 * hold it weakly: Deno collects it together with its listeners, and the promise would never resolve.
 */
export function aborted(...signals: readonly AbortSignal[]): Promise<void> {
  const done = new AbortController();
  return new Promise((resolve) => {
    const finish = () => {
      done.abort();
      resolve();
    };
    if (signals.some((signal) => signal.aborted)) return finish();
    for (const signal of signals) {
      signal.addEventListener("abort", finish, { once: true, signal: done.signal });
    }
  });
}
