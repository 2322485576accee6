import type { Clock } from "../api/clock.ts";
import type { Logger } from "../api/logger.ts";
import type { KubeObject } from "../api/objects.ts";
import type { ListOptions, ObjectList } from "./contract.ts";
import { Deadline } from "./deadline.ts";
import { ResponseTooLargeError } from "./errors.ts";
import type { ListWatch } from "./list_watch.ts";
import { OpenWatch } from "./open_watch.ts";
import { PageSize } from "./page_size.ts";
import {
  type Change,
  type Input,
  isForbidden,
  start,
  type State,
  step,
  type Task,
} from "./reflector.ts";
import { failureOf, watchInput } from "./watch_input.ts";

export interface ReflectorOptions<T extends KubeObject> {
  /** What is watched, for the log; such as "pods". */
  name: string;
  source: ListWatch<T>;
  /** Told of every change, in order. If it throws, everything is listed anew. */
  onChange: (change: Change<T>) => void;
  clock: Clock;
  /** From 0 up to, not including, 1. */
  random: () => number;
  logger: Logger;
  timing?: Partial<ReflectorTiming>;
  /** After a silent watch lists everything again before it counts as synced, instead of watching on. @default {false} */
  listAfterSilence?: boolean;
  /** Called when a watch was silent for too long: existing connections may be dead. */
  onSilent?: () => void;
  /** Error to report where the API server does not serve the kind (404). @default the API server's message */
  notServedText?: string;
}

export interface ReflectorTiming {
  /** Objects in one page of a list. Small, so that parsing one never holds up an admission. @default {100} */
  pageSize: number;
  /** Milliseconds for one page. @default {60_000} */
  listDeadlineMs: number;
  /** Seconds after which the API server is to end a watch. @default {290} */
  watchSeconds: number;
  /** Milliseconds without an event after which a watch counts as dead. @default {295_000} */
  idleDeadlineMs: number;
}

/** A watch is dead if it is silent for longer than the API server would keep it open (kube-rs' idle margin of 5 s). */
const TIMING: ReflectorTiming = {
  pageSize: 100,
  listDeadlineMs: 60_000,
  watchSeconds: 290,
  idleDeadlineMs: 295_000,
};

/**
 * Keeps a consumer told of all objects of one kind, by a list and watches. It stores nothing itself, so that an index which is the consumer holds
 * the only copy.
 */
export class ReflectorLoop<T extends KubeObject> {
  readonly #options: ReflectorOptions<T>;
  readonly #timing: ReflectorTiming;
  readonly #pageSize: PageSize;
  #state: State = start();
  #watch: OpenWatch | undefined;
  #lastEventAt: number | undefined;
  #problem: string | undefined;
  /** Ends what is waited for, so that the loop goes on with another state. */
  #turn = new AbortController();

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#timing = { ...TIMING, ...options.timing };
    this.#pageSize = new PageSize(this.#timing.pageSize);
  }

  /** Whether the consumer has been told everything, and is told of changes as far as can be known. */
  isSynced(): boolean {
    return this.hasListed() && this.#state.live;
  }

  /** The same, though what happened since a watch fell silent may be missing. */
  hasListed(): boolean {
    return this.#state.synced && !isForbidden(this.#state);
  }

  /** The API server's store was set back, as another read has shown: everything is listed again. */
  rollBack(): void {
    this.#interrupt({ type: "rolledBack" });
  }

  /** The API server can be reached again: a wait for that ends. */
  wake(): void {
    if (this.#state.task.do === "wait") this.#interrupt({ type: "reachable" });
  }

  /** When the API server last sent a page, an event or a bookmark, or began or ended a watch, on the monotonic clock. */
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
      while (!turn.aborted) await this.#step(turn);
      await this.#closeWatch();
    }
  }

  #interrupt(input: Extract<Input<T>, { type: "rolledBack" | "reachable" }>): void {
    const before = this.#state;
    this.#advance(input);
    if (this.#state !== before) this.#turn.abort();
  }

  /** A function of its own, so that a page is not kept while the next one is waited for. */
  async #step(signal: AbortSignal): Promise<void> {
    const input = await this.#perform(this.#state.task, signal);
    if (!signal.aborted) this.#advance(input);
    if (this.#state.task.do !== "read") await this.#closeWatch();
  }

  async #perform(task: Task, signal: AbortSignal): Promise<Input<T>> {
    try {
      switch (task.do) {
        case "list":
          return await this.#list(task.token, signal);
        case "watch":
          return await this.#open(task.version, signal);
        case "check":
          return await this.#check(signal);
        case "read":
          return await this.#read();
        case "wait":
          await this.#options.clock.sleep(task.milliseconds, signal);
          return { type: "waited" };
      }
    } catch (error) {
      if (this.#watch?.silent) return this.#silence();
      return { type: "failed", failure: failureOf(error) };
    }
  }

  async #list(token: string | undefined, signal: AbortSignal): Promise<Input<T>> {
    const { clock } = this.#options;
    const deadline = new Deadline(this.#timing.listDeadlineMs, { clock, signal });
    try {
      const { items, metadata } = await this.#page({
        abortSignal: deadline.signal,
        ...(token === undefined ? {} : { continue: token }),
      });
      if (!metadata.resourceVersion) throw new SyntaxError("a list has no resourceVersion");
      return {
        type: "page",
        items,
        version: metadata.resourceVersion,
        ...(metadata.continue ? { token: metadata.continue } : {}),
      };
    } finally {
      deadline.clear();
    }
  }

  /** A page, with fewer objects where one is too long. */
  async #page(options: Pick<ListOptions, "abortSignal" | "continue">): Promise<ObjectList<T>> {
    for (;;) {
      try {
        const page = await this.#options.source.list({ ...options, ...this.#pageSize.options });
        this.#pageSize.grow();
        return page;
      } catch (error) {
        if (!(error instanceof ResponseTooLargeError)) throw error;
        this.#pageSize.shrink();
      }
    }
  }

  /** A list of one object is read from the store itself, so that its version is the store's. */
  async #check(signal: AbortSignal): Promise<Input<T>> {
    const { source, clock } = this.#options;
    const deadline = new Deadline(this.#timing.listDeadlineMs, { clock, signal });
    try {
      const { metadata } = await source.list({ abortSignal: deadline.signal, limit: 1 });
      if (!metadata.resourceVersion) throw new SyntaxError("a list has no resourceVersion");
      return { type: "checked", version: metadata.resourceVersion };
    } finally {
      deadline.clear();
    }
  }

  #silence(): Input<T> {
    return { type: "silent", list: this.#options.listAfterSilence ?? false };
  }

  async #open(version: string, signal: AbortSignal): Promise<Input<T>> {
    const { source, clock } = this.#options;
    const { idleDeadlineMs, watchSeconds } = this.#timing;
    this.#watch = new OpenWatch({ clock, idleDeadlineMs, signal });
    await this.#watch.open((abortSignal) =>
      source.watch({
        abortSignal,
        resourceVersion: version,
        timeoutSeconds: watchSeconds,
        allowWatchBookmarks: true,
      })
    );
    return { type: "opened" };
  }

  async #read(): Promise<Input<T>> {
    if (!this.#watch) throw new TypeError("Cannot read a watch that is not open");
    const { done, value } = await this.#watch.next();
    if (!done) return watchInput(value, this.#options.source.read);
    return this.#watch.silent ? this.#silence() : { type: "ended" };
  }

  #advance(input: Input<T>): void {
    this.#note(input);
    const { state, changes } = step(this.#state, input, this.#now());
    this.#state = state;
    try {
      for (const change of changes) {
        if (change.type === "rolledBack") this.#noteRollback();
        this.#options.onChange(change);
      }
    } catch (error) {
      this.#options.logger.error("Cannot apply a change; listing anew", {
        watch: this.#options.name,
        error: error instanceof Error ? error.stack : String(error),
      });
      this.#state = step(this.#state, { type: "rejected" }, this.#now()).state;
    }
  }

  #note(input: Input<T>): void {
    const { logger, name, clock } = this.#options;
    switch (input.type) {
      case "opened":
      case "ended":
      case "page":
      case "apply":
      case "delete":
      case "bookmark":
        this.#lastEventAt = clock.monotonic();
        this.#problem = undefined;
        return;
      case "silent":
        logger.warn("A watch was silent for too long; watching again", { watch: name });
        return this.#options.onSilent?.();
      case "failed": {
        const { message, httpCode: code } = input.failure;
        const error = code === 404 ? this.#options.notServedText ?? message : message;
        this.#problem = error;
        if (code === 410) return logger.info("A watch is too old; listing anew", { watch: name });
        // Said once, as it does not mend itself and is tried again for as long as it takes.
        const say = this.#state.refusals > 0 && code === 403 ? logger.debug : logger.warn;
        say.call(logger, "Cannot list or watch; trying again", { watch: name, code, error });
      }
    }
  }

  #noteRollback(): void {
    const { logger, name } = this.#options;
    logger.info("Listing again, because the store went back to an older version", { watch: name });
  }

  #now() {
    return { now: this.#options.clock.monotonic(), random: this.#options.random() };
  }

  async #closeWatch(): Promise<void> {
    await this.#watch?.close();
    this.#watch = undefined;
  }
}
