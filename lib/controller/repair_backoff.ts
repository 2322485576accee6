import type { Clock } from "../api/clock.ts";
import type { ObjectReference } from "../api/objects.ts";
import type { Logger } from "../api/logger.ts";
import { backoffDelay } from "../core/backoff.ts";
import type { Events } from "./events.ts";

/** Delay of the second repair in a row and of those after it. */
const BACKOFF_MS = { base: 1_000, max: 30_000 };
/** An object that has been left alone for so many milliseconds ends the row. */
const CALM = 300_000;
/** So many repairs in a row are no accident any more. */
const CONTENDED = 3;

/** One of the controller's objects was put right after somebody else had changed it. */
export interface Repair {
  readonly object: ObjectReference;
  /** Who changed it; undefined where nothing tells. */
  readonly manager: string | undefined;
  /** How many repairs there have been in a row, this one included. */
  readonly inRow: number;
  readonly isContended: boolean;
}

/**
 * Repairs of one object of the controller's. The first is made at once; whoever changes the object back again and again makes each further one
 * wait longer, so that two writers do not chase each other.
 */
export class Repairs {
  readonly #clock: Clock;
  #inRow = 0;
  /** On the clock that only grows. */
  #lastAt = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get inRow(): number {
    return this.calmIn > 0 ? this.#inRow : 0;
  }

  /** Whether somebody keeps changing the object back. */
  get isContended(): boolean {
    return this.inRow >= CONTENDED;
  }

  /** Milliseconds until the next repair may be made. */
  get wait(): number {
    const { inRow } = this;
    if (inRow === 0) return 0;
    const delay = backoffDelay(inRow - 1, BACKOFF_MS);
    return Math.max(0, this.#lastAt + delay - this.#clock.monotonic());
  }

  /** Milliseconds until the row ends, if nothing has to be repaired any more. */
  get calmIn(): number {
    return Math.max(0, this.#lastAt + CALM - this.#clock.monotonic());
  }

  /** Takes note of a repair that has just been made. */
  note(): void {
    this.#inRow = this.inRow + 1;
    this.#lastAt = this.#clock.monotonic();
  }
}

export interface RepairReportOptions {
  readonly logger: Logger;
  readonly events: Pick<Events, "record">;
  /** Counts each repair. */
  observe(repair: Repair): void;
}

/** Tells of repairs: each is counted, and of an object that somebody keeps changing back log and event say who that is. */
export function createRepairReport(
  { logger, events, observe }: RepairReportOptions,
): (repair: Repair) => void {
  return (repair) => {
    observe(repair);
    const { object, manager, inRow, isContended } = repair;
    if (!isContended) return;
    const { kind = "", namespace, name = "" } = object;
    logger.warn("Somebody else keeps changing an object of the controller's back", {
      ...{ kind, name, manager, repairs: inRow },
      ...(namespace === undefined ? {} : { namespace }),
    });
    events.record({
      regarding: object,
      type: "Warning",
      reason: "Overwritten",
      action: "Update",
      note: `${managerText(manager)} keeps changing back what the controller writes`,
    });
  };
}

/** How a message names a manager of fields. */
export function managerText(manager: string | undefined): string {
  return manager === undefined
    ? "Another client, which left no field manager,"
    : `The field manager ${manager}`;
}
