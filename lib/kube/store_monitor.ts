import type { Clock } from "../api/clock.ts";
import type { Logger } from "../api/logger.ts";
import { Deadline } from "./deadline.ts";
import { httpCodeOf } from "./errors.ts";

export interface StoreMonitorOptions {
  /**
   * Reads an object that is written often; from the store, not from a cache.
   *
   * @returns its resourceVersion; undefined if it does not exist
   */
  read(signal: AbortSignal): Promise<string | undefined>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The API server is reachable again. */
  onReachable(): void;
  /** The store was restored to an earlier state. */
  onRollback(): void;
}

/** The monitor reads after this time without another read of the object. */
const READ_INTERVAL_MS = 3_000;
/** The same, after a failed read. */
const RETRY_INTERVAL_MS = 250;
const READ_TIMEOUT_MS = 2_000;
/**
 * A backup is restored while no API server runs, so several connections in a row fail. A single one can break for other
 * reasons.
 */
const MIN_FAILURES = 2;
/**
 * An API server that has just started responds with errors, such as 403 until it has read the roles. Later errors do
 * not concern its store.
 */
const MAX_START_MS = 30_000;

/**
 * Detects that the store was restored from a backup (etcd snapshot). Watches do not show it: they resume at versions
 * that the store has not reached, and get no event.
 */
export class StoreMonitor {
  readonly #options: StoreMonitorOptions;
  #version: string | undefined;
  /** Monotonic times: when that version was read, and when the last read began. */
  #versionAt = -Infinity;
  #startedAt = -Infinity;
  /** Failed connections in a row. */
  #failures = 0;
  /** Monotonic time since which all responses have been errors. */
  #errorsSince: number | undefined;
  #wake = new AbortController();

  constructor(options: StoreMonitorOptions) {
    this.#options = options;
  }

  /**
   * Whether the API server's process has ended, so that it can come back with another store. A process that only hangs
   * keeps its store.
   */
  get isUncertain(): boolean {
    return this.#failures >= MIN_FAILURES;
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
      this.#onResponse();
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
      const interval = this.#failures > 0 ? RETRY_INTERVAL_MS : READ_INTERVAL_MS;
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

  #onResponse(): void {
    const wasUnreachable = this.#failures > 0;
    this.#failures = 0;
    this.#errorsSince = undefined;
    if (wasUnreachable) this.#options.onReachable();
  }

  #onError(error: unknown): void {
    if (httpCodeOf(error) !== undefined) return this.#onErrorResponse();
    // An aborted read does not concern the API server's process.
    if (error instanceof DOMException) return;
    this.#errorsSince = undefined;
    this.#failures++;
    if (this.#failures === 1) this.#wake.abort();
  }

  #onErrorResponse(): void {
    const now = this.#options.clock.monotonic();
    this.#errorsSince ??= now;
    if (now - this.#errorsSince > MAX_START_MS) this.#onResponse();
  }

  /** Ignores a lower version of a read that began before the known version was read. */
  #compare(version: string | undefined, startedAt: number): void {
    if (version === undefined) return;
    const known = this.#version;
    const isLower = known !== undefined && Number(version) < Number(known);
    if (isLower && startedAt < this.#versionAt) return;
    this.#version = version;
    this.#versionAt = this.#options.clock.monotonic();
    if (!isLower) return;
    this.#options.logger.warn(
      "The API server's store was restored to an earlier state; reading everything again",
      {
        known,
        version,
      },
    );
    this.#options.onRollback();
  }
}
