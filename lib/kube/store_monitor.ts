import type { Clock } from "../api/clock.ts";
import type { Logger } from "../api/logger.ts";
import { Deadline } from "./deadline.ts";
import { httpCodeOf } from "./errors.ts";

interface StoreMonitorOptions {
  /**
   * Reads an object that is written often; from the store, not from a cache.
   *
   * @returns its resourceVersion; undefined if it does not exist
   */
  read(signal: AbortSignal): Promise<string | undefined>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Receives what a monitor of the store finds. */
interface StoreSubscriber {
  /** The API server is reachable again. */
  onReachable(): void;
  /** The store was restored to an earlier state. */
  onRollback(): void;
}

/** The monitor reads after this time without another read of the object. */
const READ_INTERVAL_MS = 3_000;
/** The same, after a failed read or a broken connection. */
const RETRY_INTERVAL_MS = 100;
const READ_TIMEOUT_MS = 2_000;
/**
 * A backup is restored while no API server runs: connections break, and no read succeeds before the store is restored.
 * A single connection can break for other reasons.
 */
const MIN_FAILURES = 2;
/**
 * An API server that has just started responds with errors, such as 403 until it has read the roles. Later errors do
 * not concern its store.
 */
const MAX_START_MS = 30_000;

/**
 * Detects that the store was restored from a backup (etcd snapshot). Watches do not show it: they resume at versions
 * that the store has not reached, and get no event. The backup has to be older than the object's last write.
 *
 * A decision may not await a read, so it asks `isUncertain` instead: from the loss of the API server to the next
 * successful read. The loss is noticed at the end of a watch, or at the next read.
 */
export class StoreMonitor {
  readonly #options: StoreMonitorOptions;
  #version: string | undefined;
  /** Monotonic times: when that version was read, and when the last read began. */
  #versionAt = -Infinity;
  #startedAt = -Infinity;
  /** Monotonic time of the last report of a broken connection without a successful read since. */
  #brokenAt: number | undefined;
  /** Failed reads in a row, of which the first got no connection. */
  #failures = 0;
  /** Monotonic time since which all responses have been errors. */
  #errorsSince: number | undefined;
  #wake = new AbortController();
  readonly #subscribers: StoreSubscriber[] = [];

  constructor(options: StoreMonitorOptions) {
    this.#options = options;
  }

  /**
   * Whether the API server's process has ended, so that it can come back with another store. A process that only hangs
   * keeps its store.
   */
  get isUncertain(): boolean {
    if (this.#failures === 0) return false;
    return this.#failures + (this.#brokenAt === undefined ? 0 : 1) >= MIN_FAILURES;
  }

  subscribe(subscriber: StoreSubscriber): void {
    this.#subscribers.push(subscriber);
  }

  /** A watch ended before its time: reads the object soon, because the API server may have stopped. */
  onBrokenConnection(): void {
    this.#brokenAt = this.#options.clock.monotonic();
    this.#wake.abort();
  }

  /**
   * Observes a read or write of the object by another caller. Resolves and rejects as `read` does.
   *
   * @param versionOf The object's resourceVersion in the result
   */
  async observe<T>(read: Promise<T>, versionOf: (answer: T) => string | undefined): Promise<T> {
    const startedAt = this.#options.clock.monotonic();
    this.#startedAt = startedAt;
    try {
      const answer = await read;
      this.#compare(versionOf(answer), startedAt);
      this.#onResponse(startedAt);
      return answer;
    } catch (error) {
      this.#onError(error);
      throw error;
    }
  }

  /** Reads the object while no other caller does, until the signal is aborted. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    signal.addEventListener("abort", () => this.#wake.abort(), { once: true });
    while (!signal.aborted) {
      const isDoubtful = this.#failures > 0 || this.#brokenAt !== undefined;
      const interval = isDoubtful ? RETRY_INTERVAL_MS : READ_INTERVAL_MS;
      const due = this.#startedAt + interval - clock.monotonic();
      if (due <= 0) {
        await this.#read(signal);
        continue;
      }
      this.#wake = new AbortController();
      await clock.sleep(due, this.#wake.signal);
    }
  }

  async #read(signal: AbortSignal): Promise<void> {
    const { read, clock } = this.#options;
    const deadline = new Deadline(READ_TIMEOUT_MS, { clock, signal });
    try {
      await this.observe(read(deadline.signal), (version) => version);
    } catch {
      // observe() has counted it; the callers that need the API server log it.
    } finally {
      deadline.clear();
    }
  }

  /** @param startedAt when the read began: it says nothing about a connection that broke later */
  #onResponse(startedAt: number): void {
    const wasUnreachable = this.#failures > 0;
    if (this.#brokenAt !== undefined && startedAt >= this.#brokenAt) this.#brokenAt = undefined;
    this.#failures = 0;
    this.#errorsSince = undefined;
    if (!wasUnreachable) return;
    for (const { onReachable } of this.#subscribers) onReachable();
  }

  #onError(error: unknown): void {
    if (httpCodeOf(error) !== undefined) return this.#onErrorResponse();
    this.#errorsSince = undefined;
    if (error instanceof DOMException) {
      // An API server that hangs keeps its store; one that closed a connection before may start again.
      if (this.#failures > 0 || this.#brokenAt !== undefined) this.#failures++;
      return;
    }
    this.#failures++;
    if (this.#failures === 1) this.#wake.abort();
  }

  #onErrorResponse(): void {
    const now = this.#options.clock.monotonic();
    this.#errorsSince ??= now;
    if (now - this.#errorsSince > MAX_START_MS) return this.#onResponse(now);
    if (this.#failures > 0) this.#failures++;
  }

  /**
   * A missing object may be older than the backup. Ignores what a read found that began before the known version was
   * read.
   */
  #compare(version: string | undefined, startedAt: number): void {
    const known = this.#version;
    const isLower = known !== undefined && !(Number(version) >= Number(known));
    if (isLower && startedAt < this.#versionAt) return;
    this.#version = version;
    this.#versionAt = this.#options.clock.monotonic();
    if (!isLower) return;
    this.#options.logger.warn(
      "The API server's store was restored to an earlier state; reading everything again",
      { known, version },
    );
    for (const { onRollback } of this.#subscribers) onRollback();
  }
}
