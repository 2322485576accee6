import type { KubeEvent, ObjectReference } from "../api/objects.ts";
import type { EventReason } from "../core/reasons.ts";
import { isNotFound, isServerFault } from "../kube/errors.ts";
import { Loop, type LoopEnvironment } from "./loop.ts";
import { NotLeaderError } from "./leadership.ts";
import type { Writer } from "./writer.ts";

/** Something that happened to an object, for people to read. */
export interface Occurrence {
  readonly regarding: ObjectReference;
  /** The other object of the occurrence: the SidecarSet that was not injected into a Pod. */
  readonly related?: ObjectReference;
  readonly type: KubeEvent["type"];
  readonly reason: EventReason;
  /** What the controller did or tried: `Update`, `Evict`. */
  readonly action: string;
  readonly note: string;
}

interface EventsOptions extends LoopEnvironment {
  readonly writer: Writer;
  /** Name of this process. */
  readonly instance: string;
}

/** Milliseconds between two writes of the same reason for the same objects. */
const UPDATE_INTERVAL_MS = 60_000;
/** Max. objects and reasons in memory; further ones are dropped until others may be evicted. */
const CAPACITY = 1_000;
const CONTROLLER = "sidecarset";
/** Retries of one event after faults of the API server; a few minutes later it is outdated. */
const MAX_RETRIES = 30;
/** Bounds of events.k8s.io/v1, and of names with room for what makes them unique. */
const MAX_NOTE = 1_024;
const MAX_INSTANCE = 128;
const MAX_OBJECT_NAME = 230;

interface Entry {
  occurrence: Occurrence;
  /** Occurrences since the event that is stored was created. */
  count: number;
  stored: KubeEvent | undefined;
  isNew: boolean;
  /** Writes in a row that a fault of the API server has prevented. */
  faults: number;
  /** When it may be written again; monotonic. */
  nextAt: number;
}

/**
 * Writes events, at most one a minute per object and reason. Occurrences in between are counted and written as the
 * event's series or, with another note, as a new event: a note is immutable. An event that the API server refuses is
 * dropped; after a fault of the API server it is retried for a few minutes.
 */
export class Events {
  readonly #options: EventsOptions;
  readonly #loop: Loop;
  readonly #entries = new Map<string, Entry>();
  #serial = 0;

  constructor(options: EventsOptions) {
    this.#options = options;
    this.#loop = new Loop(options, {
      controller: "event",
      concurrency: 2,
      baseDelayMs: 1_000,
      task: "write an event",
      keyField: "event",
      everyReplica: true,
      unsynced: true,
      reconcile: (key, signal) => this.#reconcile(key, signal),
    });
  }

  /** Number of objects and reasons in memory. */
  get size(): number {
    return this.#entries.size;
  }

  /** Records an occurrence; it is written now, or when its interval has passed. */
  record(occurrence: Occurrence): void {
    const { regarding: { uid = "", namespace = "", name = "" }, related, reason } = occurrence;
    const key = `${uid}/${namespace}/${name}/${reason}/${related?.uid ?? ""}`;
    const known = this.#entries.get(key);
    if (!known && !this.#makeRoom()) return;
    const entry = known ??
      { occurrence, count: 0, stored: undefined, isNew: true, faults: 0, nextAt: 0 };
    const reads = known === undefined || entry.occurrence.note === occurrence.note;
    entry.occurrence = occurrence;
    entry.count = reads ? entry.count + 1 : 1;
    if (!reads) entry.stored = undefined;
    entry.isNew = true;
    // Least recently used first.
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    this.#loop.add(key, Math.max(0, entry.nextAt - this.#options.clock.monotonic()));
  }

  /** Writes until the signal is aborted. */
  run(signal: AbortSignal): Promise<void> {
    return this.#loop.run(signal);
  }

  /** Evicts the least recently used entry, unless its minute has not passed: it could be written twice in it. */
  #makeRoom(): boolean {
    if (this.#entries.size < CAPACITY) return true;
    const [oldest] = this.#entries;
    if (oldest === undefined) return true;
    const [key, { isNew, nextAt }] = oldest;
    if (isNew || nextAt > this.#options.clock.monotonic()) return false;
    return this.#entries.delete(key);
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<undefined> {
    const { clock, logger } = this.#options;
    const entry = this.#entries.get(key);
    if (!entry?.isNew) return;
    const { note, reason } = entry.occurrence;
    entry.isNew = false;
    entry.nextAt = clock.monotonic() + UPDATE_INTERVAL_MS;
    const faults = entry.faults;
    entry.faults = 0;
    try {
      const stored = await this.#write(entry, signal);
      // Another note may have been recorded meanwhile; it needs a new event.
      if (entry.occurrence.note === note) entry.stored = stored;
    } catch (error) {
      if (isServerFault(error) && faults < MAX_RETRIES) {
        entry.isNew = true;
        entry.faults = faults + 1;
        throw error;
      }
      entry.stored = undefined;
      if (error instanceof NotLeaderError) this.#entries.delete(key);
      else if (!signal.aborted) logger.debug("Cannot write an event", { reason, error });
    }
  }

  async #write({ stored, count, occurrence }: Entry, signal: AbortSignal): Promise<KubeEvent> {
    const { writer, clock } = this.#options;
    const series = { count, lastObservedTime: microTime(clock.now()) };
    if (stored) {
      try {
        return await writer.patchEventSeries(stored, series, signal);
      } catch (error) {
        // Events are kept for an hour.
        if (!isNotFound(error)) throw error;
      }
    }
    const event = this.#event(occurrence);
    return await writer.createEvent(count > 1 ? { ...event, series } : event, signal);
  }

  #event({ regarding, related, type, reason, action, note }: Occurrence): KubeEvent {
    const now = this.#options.clock.now();
    const { name = "", namespace = "default" } = regarding;
    const unique = BigInt(now.getTime()) * 1_000_000n + BigInt(this.#serial++);
    return {
      metadata: { name: `${name.slice(0, MAX_OBJECT_NAME)}.${unique.toString(16)}`, namespace },
      eventTime: microTime(now),
      type,
      reason,
      action,
      note: note.slice(0, MAX_NOTE),
      regarding,
      ...(related ? { related } : {}),
      reportingController: CONTROLLER,
      reportingInstance: this.#options.instance.slice(0, MAX_INSTANCE),
    };
  }
}

/** `metav1.MicroTime`. */
function microTime(time: Date): string {
  return time.toISOString().replace("Z", "000Z");
}
