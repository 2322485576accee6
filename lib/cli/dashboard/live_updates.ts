import type { Clock } from "../../api/clock.ts";
import type { LiveView } from "../../runtime/live_view.ts";
import { type Cell, cellsOf, type Row, rowOf } from "./rows.ts";

/** Interval in which changes are collected, so that a roll-out costs a browser few updates. */
const FLUSH_MS = 200;
/** Interval of the check whether the cluster is readable, and of a line that keeps the connection open. */
const CHECK_MS = 2_000;
const MAX_UNREAD_EVENTS = 4;

interface UpdateOptions {
  readonly view: LiveView;
  readonly clock: Clock;
  /** The SidecarSet whose Pods are shown. */
  readonly sidecarSet?: string;
  /** The Pod that is shown: `namespace/name`. */
  readonly pod?: string;
  /** Ends the stream. */
  readonly signal: AbortSignal;
}

/** An event of the stream, and its data. */
type Update =
  | { readonly event: "rows"; readonly data: Delta<Row> }
  | { readonly event: "cells"; readonly data: Delta<Cell> }
  /** The shown Pod has changed. */
  | { readonly event: "pod"; readonly data: null }
  | { readonly event: "cluster"; readonly data: { readonly problems: readonly string[] } };

interface Delta<T> {
  /** Whether `changed` has everything. */
  readonly all: boolean;
  readonly changed: readonly T[];
  /** Keys that do not exist any more. */
  readonly removed: readonly string[];
}

/** Server-sent events: first everything, then what changed. */
export function liveUpdates(
  { view, clock, sidecarSet, pod, signal }: UpdateOptions,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const ended = new AbortController();
  const done = AbortSignal.any([signal, ended.signal]);
  const rows = new Differences<Row>(({ name }) => name);
  const cells = new Differences<Cell>(({ key }) => key);
  const readRows = () => [...view.index.sidecarSets.values()].map(rowOf);
  const readCells = () => sidecarSet === undefined ? [] : cellsOf(view, sidecarSet).values();
  async function pump(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    const write = (text: string) => controller.enqueue(encoder.encode(text));
    const send = ({ event, data }: Update) =>
      write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    let seen = -1;
    let shownPod: unknown = null;
    let problems = "";
    let checkedAt = -Infinity;
    while (!done.aborted) {
      if (clock.monotonic() - checkedAt >= CHECK_MS) {
        checkedAt = clock.monotonic();
        write(": alive\n\n");
        const now = view.problems();
        if (seen < 0 || now.join() !== problems) {
          send({ event: "cluster", data: { problems: now } });
        }
        problems = now.join();
      }
      // A browser that does not keep up gets fewer and larger updates.
      const isReading = (controller.desiredSize ?? 0) > -MAX_UNREAD_EVENTS;
      const current = pod === undefined ? null : view.index.pods.get(pod);
      if (isReading && current !== shownPod) {
        shownPod = current;
        send({ event: "pod", data: null });
      }
      if (isReading && seen !== view.version()) {
        const all = seen < 0;
        seen = view.version();
        const changedRows = rows.next(readRows(), all);
        if (all || !isEmpty(changedRows)) send({ event: "rows", data: changedRows });
        const changedCells = cells.next(readCells(), all);
        if (all || !isEmpty(changedCells)) send({ event: "cells", data: changedCells });
      }
      await clock.sleep(FLUSH_MS, done);
    }
    if (!ended.signal.aborted) controller.close();
  }
  return new ReadableStream({
    start(controller) {
      pump(controller).catch((error) => controller.error(error));
    },
    cancel: () => ended.abort(),
  });
}

function isEmpty({ changed, removed }: Delta<unknown>): boolean {
  return changed.length === 0 && removed.length === 0;
}

/** Finds what changed since the last call. */
class Differences<T> {
  readonly #keyOf: (item: T) => string;
  #known = new Map<string, string>();

  constructor(keyOf: (item: T) => string) {
    this.#keyOf = keyOf;
  }

  next(items: Iterable<T>, all: boolean): Delta<T> {
    const known = new Map<string, string>();
    const changed: T[] = [];
    for (const item of items) {
      const key = this.#keyOf(item);
      const text = JSON.stringify(item);
      known.set(key, text);
      if (this.#known.get(key) !== text) changed.push(item);
    }
    const removed = [...this.#known.keys()].filter((key) => !known.has(key));
    this.#known = known;
    return { all, changed, removed };
  }
}
