import type { Clock } from "../api/clock.ts";
import { isObject } from "../api/json.ts";
import type { KubeObject } from "../api/objects.ts";
import { httpCodeOf, retryAfterSecondsOf } from "./errors.ts";
import type { Failure, Input } from "./reflector_types.ts";

interface OpenWatchOptions {
  clock: Clock;
  /** Time without a value after which the peer counts as dead; fetch has no such timeout. */
  idleDeadlineMs: number;
  signal: AbortSignal;
}

/** One watch with an idle deadline. The owner must call `close()` in every case. */
export class OpenWatch {
  readonly #options: OpenWatchOptions;
  readonly #closed = new AbortController();
  readonly #idle = new AbortController();
  #lastValueAt: number;
  #reader: ReadableStreamDefaultReader<unknown> | undefined;

  constructor(options: OpenWatchOptions) {
    this.#options = options;
    this.#lastValueAt = options.clock.monotonic();
  }

  /** Whether the idle deadline has passed; pending reads have then ended. */
  get isSilent(): boolean {
    return this.#idle.signal.aborted;
  }

  /**
   * Starts the watch.
   *
   * @param start Sends the request; its signal is aborted by the idle deadline too
   */
  async open(start: (signal: AbortSignal) => Promise<ReadableStream<unknown>>): Promise<void> {
    this.#runIdleDeadline();
    const signal = AbortSignal.any([this.#options.signal, this.#idle.signal]);
    const stream = await start(signal);
    const reader = stream.getReader();
    this.#reader = reader;
    // The stream of another client may ignore its signal.
    const cancel = () => reader.cancel().catch(() => {});
    signal.addEventListener("abort", cancel, { once: true, signal: this.#closed.signal });
    if (signal.aborted) await cancel();
  }

  /** The next value, or `done` after the end of the watch. */
  async next(): Promise<ReadableStreamReadResult<unknown>> {
    if (!this.#reader) throw new TypeError("Cannot read a watch that is not open");
    const result = await this.#reader.read();
    this.#lastValueAt = this.#options.clock.monotonic();
    return result;
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await this.#reader?.cancel().catch(() => {});
  }

  /** One timer per watch, not per event. */
  async #runIdleDeadline(): Promise<void> {
    const { clock, idleDeadlineMs } = this.#options;
    for (;;) {
      const left = this.#lastValueAt + idleDeadlineMs - clock.monotonic();
      if (left <= 0) return this.#idle.abort();
      await clock.sleep(left, this.#closed.signal);
      if (this.#closed.signal.aborted) return;
    }
  }
}

/**
 * Reads one value of a watch. An unreadable value is a failure that requires a new list.
 *
 * @param value A parsed watch event, of any shape
 * @param read Reads the event's object; may throw
 */
export function watchInput<T extends KubeObject>(
  value: unknown,
  read: (value: unknown) => T,
): Input<T> {
  if (!isObject(value)) return unreadable("a watch event is not an object");
  switch (value.type) {
    case "ADDED":
    case "MODIFIED":
      return objectInput("apply", value.object, read);
    case "DELETED":
      return objectInput("delete", value.object, read);
    case "BOOKMARK": {
      const version = versionOf(value.object);
      if (version === undefined) return unreadable("a bookmark has no resourceVersion");
      return { type: isInitialEnd(value.object) ? "initialEnd" : "bookmark", version };
    }
    case "ERROR":
      return { type: "failed", failure: statusFailure(value.object) };
    default:
      return unreadable(`a watch event has the type ${JSON.stringify(value.type)}`);
  }
}

/** The failure for the error of a request or stream. */
export function failureOf(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error);
  return {
    message,
    httpCode: httpCodeOf(error),
    retryAfterSeconds: retryAfterSecondsOf(error),
    isTooLarge: isTooLarge(isObject(error) ? error.status : undefined),
    // JSON.parse throws it in every client of the contract.
    isUnreadable: error instanceof SyntaxError,
  };
}

function objectInput<T extends KubeObject>(
  type: "apply" | "delete",
  value: unknown,
  read: (value: unknown) => T,
): Input<T> {
  const version = versionOf(value);
  if (version === undefined) return unreadable("an object in a watch event has no resourceVersion");
  try {
    return { type, object: read(value), version };
  } catch (error) {
    return unreadable(error instanceof Error ? error.message : String(error));
  }
}

/** `metav1.InitialEventsAnnotationKey`: the bookmark after the last object of a stream. */
function isInitialEnd(bookmark: unknown): boolean {
  if (!isObject(bookmark) || !isObject(bookmark.metadata)) return false;
  const { annotations } = bookmark.metadata;
  return isObject(annotations) && annotations["k8s.io/initial-events-end"] === "true";
}

function versionOf(value: unknown): string | undefined {
  if (!isObject(value) || !isObject(value.metadata)) return undefined;
  const { resourceVersion } = value.metadata;
  return typeof resourceVersion === "string" && resourceVersion !== ""
    ? resourceVersion
    : undefined;
}

function statusFailure(status: unknown): Failure {
  const { code, message } = isObject(status) ? status : {};
  return {
    message: typeof message === "string" ? message : "the API server sent an error",
    httpCode: typeof code === "number" ? code : undefined,
    retryAfterSeconds: retryAfterSecondsOf({ status }),
    isTooLarge: isTooLarge(status),
  };
}

/** `k8s.io/apimachinery/pkg/api/errors.IsTooLargeResourceVersion`: the API server lags, or its store was restored. */
function isTooLarge(status: unknown): boolean {
  const details = isObject(status) && isObject(status.details) ? status.details : {};
  const causes = Array.isArray(details.causes) ? details.causes : [];
  return causes.some((cause) => isObject(cause) && cause.reason === "ResourceVersionTooLarge");
}

function unreadable(message: string): Input<never> {
  return { type: "failed", failure: { message, isUnreadable: true } };
}
