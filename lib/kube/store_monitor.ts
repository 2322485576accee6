import type { Clock } from "../api/clock.ts";
import type { Logger } from "../api/logger.ts";
import { Deadline } from "./deadline.ts";
import { httpCodeOf } from "./errors.ts";

export interface StoreMonitorOptions {
  /**
   * Reads an object that is written often from the store itself, not from a cache.
   *
   * @returns its resourceVersion; undefined where there is no such object
   */
  read(signal: AbortSignal): Promise<string | undefined>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The API server answers again. */
  onReachable(): void;
  /** The store was set back to an earlier state. */
  onRollback(): void;
}

/** In milliseconds: how long without a read of others before it is read here, and how soon again after one that failed. */
const READ_INTERVAL_MS = 3_000;
const RETRY_INTERVAL_MS = 250;
const READ_TIMEOUT_MS = 2_000;
/** A backup is restored while no API server runs: this many connections in a row fail then. One alone may break for other reasons. */
const DOUBTFUL_FAILURES = 2;
/** An API server that has just started answers errors, such as 403 until it has read the roles; later ones say nothing of its store. */
const MAX_START_MS = 30_000;

/**
 * Whether the API server still has the store that the caches were read from. A store that was restored from a backup (etcd's snapshot) is
 * otherwise not noticed: watches go on from versions that it does not have yet, and are told of nothing.
 */
export class StoreMonitor {
  readonly #options: StoreMonitorOptions;
  #version: string | undefined;
  /** When that version had been read, and when a read last began, on the monotonic clock. */
  #versionAt = -Infinity;
  #begunAt = -Infinity;
  /** Connections in a row that failed. */
  #failures = 0;
  /** Since when there have been only errors for answers, on the monotonic clock. */
  #refusedSince: number | undefined;
  #woken = new AbortController();

  constructor(options: StoreMonitorOptions) {
    this.#options = options;
  }

  /** Whether the store may be another one by now: the API server's process has ended. One that only gives no answer keeps its store. */
  get isUncertain(): boolean {
    return this.#failures >= DOUBTFUL_FAILURES;
  }

  /** Takes note of a read of the object, wherever it is made. Rejects as it does. */
  async observe<T>(read: Promise<T>, versionOf: (answer: T) => string | undefined): Promise<T> {
    const begunAt = this.#options.clock.monotonic();
    this.#begunAt = begunAt;
    try {
      const answer = await read;
      this.#compare(versionOf(answer), begunAt);
      this.#answered();
      return answer;
    } catch (error) {
      this.#failed(error);
      throw error;
    }
  }

  /** Reads while nobody else does, or cannot, until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    signal.addEventListener("abort", () => this.#woken.abort(), { once: true });
    while (!signal.aborted) {
      const interval = this.#failures > 0 ? RETRY_INTERVAL_MS : READ_INTERVAL_MS;
      const due = this.#begunAt + interval - clock.monotonic();
      if (due <= 0) {
        await this.#read(signal);
        continue;
      }
      this.#woken = new AbortController();
      await clock.sleep(due, this.#woken.signal);
    }
  }

  async #read(signal: AbortSignal): Promise<void> {
    const { read, clock } = this.#options;
    const deadline = new Deadline(READ_TIMEOUT_MS, { clock, signal });
    try {
      await this.observe(read(deadline.signal), (version) => version);
    } catch {
      // Taken note of; others log what keeps them from the API server.
    } finally {
      deadline.clear();
    }
  }

  #answered(): void {
    const wasUnreachable = this.#failures > 0;
    this.#failures = 0;
    this.#refusedSince = undefined;
    if (wasUnreachable) this.#options.onReachable();
  }

  #failed(error: unknown): void {
    if (httpCodeOf(error) !== undefined) return this.#refused();
    // A read that was given up says nothing of the API server's process.
    if (error instanceof DOMException) return;
    this.#refusedSince = undefined;
    this.#failures++;
    if (this.#failures === 1) this.#woken.abort();
  }

  #refused(): void {
    const now = this.#options.clock.monotonic();
    this.#refusedSince ??= now;
    if (now - this.#refusedSince > MAX_START_MS) this.#answered();
  }

  /** Of two reads at a time the one that began first may end last. */
  #compare(version: string | undefined, begunAt: number): void {
    if (version === undefined) return;
    const known = this.#version;
    const isLower = known !== undefined && Number(version) < Number(known);
    if (isLower && begunAt < this.#versionAt) return;
    this.#version = version;
    this.#versionAt = this.#options.clock.monotonic();
    if (!isLower) return;
    this.#options.logger.warn("The API server's store was set back; reading everything again", {
      known,
      version,
    });
    this.#options.onRollback();
  }
}
