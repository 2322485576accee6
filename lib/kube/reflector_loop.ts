import type { Clock } from "../api/clock.ts";
import type { Logger } from "../api/logger.ts";
import type { KubeObject } from "../api/objects.ts";
import type { WatchOptions } from "./contract.ts";
import { ListPages, type ListWatch } from "./list_watch.ts";
import { failureOf, OpenWatch, watchInput } from "./open_watch.ts";
import { isForbidden, isRefusedStream, start, step } from "./reflector.ts";
import type { Change, Input, ReflectorTiming, State, Task } from "./reflector_types.ts";

/** Options of {@linkcode ReflectorLoop}. */
export interface ReflectorOptions<T extends KubeObject> {
  /** Name of the watch in the log, such as "pods". */
  name: string;
  source: ListWatch<T>;
  /**
   * Called with every change, in order. If it throws, everything is listed again. The end of a list and a rollback may
   * take time: nothing else is read, and a first list is not complete, before the promise is settled.
   */
  onChange: (change: Change<T>) => void | Promise<void>;
  /** Delays the next change where the event loop has been busy for long; not before the first list is complete. */
  pause?: () => Promise<void> | undefined;
  clock: Clock;
  /** 0 ≤ random() < 1. */
  random: () => number;
  logger: Logger;
  timing?: Partial<ReflectorTiming>;
  /** Whether a silent watch requires a new list, instead of a new watch from the last version. @default {false} */
  listAfterSilence?: boolean;
  /** See {@linkcode start}. @default {false} */
  streams?: boolean;
  /** Called when a watch was silent for too long: existing connections may be dead. */
  onSilent?: () => void;
  /** Called when an open watch broke, or ended before the requested time: the API server may have stopped. */
  onBrokenConnection?: () => void;
  /** Error to report where the API server does not serve the kind (404). @default the API server's message */
  notServedText?: string;
}

/** The idle deadline is longer than the API server keeps a watch open, by kube-rs' margin of 5 s. */
const TIMING: ReflectorTiming = {
  pageSize: 100,
  listDeadlineMs: 60_000,
  watchSeconds: 290,
  idleDeadlineMs: 295_000,
};

/** A stream of objects that takes longer is ended by the API server; pages follow. */
const STREAM_SECONDS = 290;

/** The API server ends a watch at the requested time by its own clock, which started earlier than this process's. */
const END_TOLERANCE_MS = 1_000;

/**
 * Reports all objects of one kind and their changes to a consumer, by a list and watches. It stores no object: the
 * consumer's index is the only copy.
 */
export class ReflectorLoop<T extends KubeObject> {
  readonly #options: ReflectorOptions<T>;
  readonly #timing: ReflectorTiming;
  readonly #pages: ListPages<T>;
  #state: State;
  #watch: OpenWatch | undefined;
  #lastEventAt: number | undefined;
  #problem: string | undefined;
  /** Whether the consumer still applies the end of its first list. */
  #isCompleting = false;
  /** Aborts the running task when the state changes without it. */
  #turn = new AbortController();
  /** Settled when the consumer has applied the changes of interruptions. */
  #interrupted: Promise<unknown> | undefined;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#timing = { ...TIMING, ...options.timing };
    this.#state = start(options);
    this.#pages = new ListPages({
      source: options.source,
      clock: options.clock,
      pageSize: this.#timing.pageSize,
      deadlineMs: this.#timing.listDeadlineMs,
    });
  }

  /** Whether the consumer has every object, and the watch is alive as far as can be known. */
  isSynced(): boolean {
    return this.hasListed() && this.#state.isLive;
  }

  /** Whether the consumer has had every object; after a silent watch, later changes may be missing. */
  hasListed(): boolean {
    return this.#state.isSynced && !this.#isCompleting && !isForbidden(this.#state);
  }

  /** Lists everything again, because another read found that the store was restored to an earlier state. */
  rollBack(): void {
    this.#interrupt({ type: "rolledBack" });
  }

  /** Ends a wait for the API server, because another request reached it. */
  wake(): void {
    if (this.#state.task.do === "wait") this.#interrupt({ type: "reachable" });
  }

  /** Monotonic time of the API server's last list page, event, bookmark, or start or end of a watch. */
  lastEventAt(): number | undefined {
    return this.#lastEventAt;
  }

  /** The error of the last list or watch; undefined once one has succeeded. */
  problem(): string | undefined {
    return this.#problem;
  }

  /** Runs until the signal is aborted; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener("abort", () => this.#turn.abort(signal.reason), { once: true });
    while (!signal.aborted) {
      this.#turn = new AbortController();
      const { signal: turn } = this.#turn;
      await this.#interrupted;
      while (!turn.aborted) await this.#step(turn);
      await this.#closeWatch();
    }
  }

  #interrupt(input: Extract<Input<T>, { type: "rolledBack" | "reachable" }>): void {
    const before = this.#state;
    this.#interrupted = Promise.all([this.#interrupted, this.#advance(input)]).then(() => {});
    if (this.#state !== before) this.#turn.abort();
  }

  /** A separate function, so that a page is not reachable while the next one is read. */
  async #step(signal: AbortSignal): Promise<void> {
    // Events that arrive together follow each other as microtasks.
    const pause = this.#state.isSynced ? this.#options.pause?.() : undefined;
    if (pause !== undefined) await pause;
    const input = await this.#perform(this.#state.task, signal);
    if (!signal.aborted) {
      const applying = this.#advance(input);
      if (applying !== undefined) await applying;
    }
    if (!isReading(this.#state.task)) await this.#closeWatch();
  }

  async #perform(task: Task, signal: AbortSignal): Promise<Input<T>> {
    try {
      switch (task.do) {
        case "list":
          return { type: "page", ...await this.#pages.page(task.token, signal) };
        case "watch":
          return await this.#open(signal, {
            resourceVersion: task.version,
            timeoutSeconds: this.#timing.watchSeconds,
          });
        case "stream":
          return await this.#open(signal, {
            sendInitialEvents: true,
            timeoutSeconds: STREAM_SECONDS,
          });
        case "check":
          return { type: "checked", version: await this.#pages.storeVersion(signal) };
        case "read":
        case "receive":
          return await this.#readEvent();
        case "wait":
          await this.#options.clock.sleep(task.milliseconds, signal);
          return { type: "waited" };
      }
    } catch (error) {
      if (this.#watch?.isSilent) return this.#silence();
      return { type: "failed", failure: failureOf(error) };
    }
  }

  #silence(): Input<T> {
    return { type: "silent", list: this.#options.listAfterSilence ?? false };
  }

  async #open(signal: AbortSignal, from: WatchOptions): Promise<Input<T>> {
    const { source, clock } = this.#options;
    const { idleDeadlineMs } = this.#timing;
    this.#watch = new OpenWatch({ clock, idleDeadlineMs, signal });
    await this.#watch.open((abortSignal) =>
      source.watch({ ...from, abortSignal, allowWatchBookmarks: true })
    );
    return { type: "opened" };
  }

  async #readEvent(): Promise<Input<T>> {
    if (!this.#watch) throw new TypeError("Cannot read a watch that is not open");
    const { done, value } = await this.#watch.next();
    if (!done) return watchInput(value, this.#options.source.read);
    return this.#watch.isSilent ? this.#silence() : { type: "ended" };
  }

  /** @returns never rejects; undefined where all changes are applied, as most are, which costs no microtask */
  #advance(input: Input<T>): Promise<void> | undefined {
    this.#note(input);
    const wasSynced = this.#state.isSynced;
    const { state, changes } = step(this.#state, input, this.#now());
    this.#state = state;
    try {
      for (const change of changes) {
        if (change.type === "rolledBack") {
          const { logger, name } = this.#options;
          logger.info("The store went back to an earlier version; listing again", { watch: name });
        }
        const applying = this.#options.onChange(change);
        // The end of a list and a rollback are the last changes of their inputs.
        if (applying instanceof Promise) return this.#complete(applying, { isFirst: !wasSynced });
      }
    } catch (error) {
      this.#reject(error);
    }
    return undefined;
  }

  async #complete(applying: Promise<void>, { isFirst }: { isFirst: boolean }): Promise<void> {
    this.#isCompleting = isFirst;
    try {
      await applying;
    } catch (error) {
      this.#reject(error);
    } finally {
      this.#isCompleting = false;
    }
  }

  #reject(error: unknown): void {
    this.#options.logger.error("Cannot apply a change; listing again", {
      watch: this.#options.name,
      error: error instanceof Error ? error.stack : String(error),
    });
    this.#state = step(this.#state, { type: "rejected" }, this.#now()).state;
  }

  #note(input: Input<T>): void {
    const { logger, name, clock } = this.#options;
    if (this.#isBroken(input)) this.#options.onBrokenConnection?.();
    switch (input.type) {
      case "opened":
      case "ended":
      case "page":
      case "apply":
      case "delete":
      case "bookmark":
      case "initialEnd":
        this.#lastEventAt = clock.monotonic();
        this.#problem = undefined;
        return;
      case "silent":
        logger.warn("A watch was silent for too long; watching again", { watch: name });
        return this.#options.onSilent?.();
      case "failed": {
        const { message, httpCode: code } = input.failure;
        if (isRefusedStream(this.#state, input.failure)) {
          return logger.info("The API server does not stream lists; listing in pages", {
            watch: name,
            error: message,
          });
        }
        const error = code === 404 ? this.#options.notServedText ?? message : message;
        this.#problem = error;
        if (code === 410) return logger.info("A watch expired; listing again", { watch: name });
        // A missing right is logged once: it stays missing until a person grants it. With 429 a busy API server, or one
        // that fills its watch cache, only asks for a later attempt; client-go logs it below its warnings too.
        const isKnownRefusal = this.#state.refusals > 0 && code === 403;
        const log = isKnownRefusal ? logger.debug : code === 429 ? logger.info : logger.warn;
        log.call(logger, "Cannot list or watch; trying again", { watch: name, code, error });
      }
    }
  }

  /** Whether the input is the end of the open watch's connection, other than the one that was requested. */
  #isBroken(input: Input<T>): boolean {
    const { task } = this.#state;
    if (!isReading(task)) return false;
    if (input.type === "failed") {
      const { httpCode, isUnreadable = false } = input.failure;
      return httpCode === undefined && !isUnreadable;
    }
    if (task.do === "receive") return input.type === "ended";
    const openFor = this.#options.clock.monotonic() - task.openedAt;
    return input.type === "ended" && openFor < this.#timing.watchSeconds * 1_000 - END_TOLERANCE_MS;
  }

  #now() {
    return { now: this.#options.clock.monotonic(), random: this.#options.random() };
  }

  async #closeWatch(): Promise<void> {
    await this.#watch?.close();
    this.#watch = undefined;
  }
}

/** Whether the task reads the open watch. */
function isReading(task: Task): task is Extract<Task, { do: "read" | "receive" }> {
  return task.do === "read" || task.do === "receive";
}
