import type { Clock } from "../api/clock.ts";
import type { ObjectReference } from "../api/objects.ts";
import type { Logger } from "../api/logger.ts";
import { backoffDelay } from "../core/backoff.ts";
import type { Events } from "./events.ts";

/** Delay of the second repair in a row and of those after it. */
const BACKOFF_MS = { base: 1_000, max: 30_000 };
/** The series ends after this time without a repair. */
const SERIES_END_MS = 300_000;
/** Repairs in a row from which the object is contended. */
const CONTENDED_REPAIRS = 3;

/** A write that restored an object after a change by another client. */
export interface Repair {
  readonly object: ObjectReference;
  /** The field manager of that client; undefined if unknown. */
  readonly manager: string | undefined;
  /** Repairs in a row, this one included. */
  readonly inRow: number;
  readonly isContended: boolean;
}

/**
 * Back-off of repairs of one object. The first is immediate; each further one in series waits longer, so that two
 * controllers do not overwrite each other in a hot loop.
 */
export class RepairBackoff {
  readonly #clock: Clock;
  #inRow = 0;
  /** Monotonic. */
  #lastAt = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get inRow(): number {
    return this.calmIn > 0 ? this.#inRow : 0;
  }

  /** Whether another client keeps changing the object. */
  get isContended(): boolean {
    return this.inRow >= CONTENDED_REPAIRS;
  }

  /** Milliseconds until the next repair may be made. */
  get wait(): number {
    const { inRow } = this;
    if (inRow === 0) return 0;
    const delay = backoffDelay(inRow - 1, BACKOFF_MS);
    return Math.max(0, this.#lastAt + delay - this.#clock.monotonic());
  }

  /** Milliseconds until the series ends without another repair. */
  get calmIn(): number {
    return Math.max(0, this.#lastAt + SERIES_END_MS - this.#clock.monotonic());
  }

  /** Records a repair. */
  note(): void {
    this.#inRow = this.inRow + 1;
    this.#lastAt = this.#clock.monotonic();
  }
}

interface RepairReportOptions {
  readonly logger: Logger;
  readonly events: Pick<Events, "record">;
  /** Counts each repair. */
  observe(repair: Repair): void;
}

/** Counts repairs; a contended object is also reported in log and events, with the field manager. */
export function createRepairReport(
  { logger, events, observe }: RepairReportOptions,
): (repair: Repair) => void {
  return (repair) => {
    observe(repair);
    const { object, manager, inRow, isContended } = repair;
    if (!isContended) return;
    const { kind = "", namespace, name = "" } = object;
    logger.warn("Another client keeps changing an object of the controller", {
      ...{ kind, name, manager, repairs: inRow },
      ...(namespace === undefined ? {} : { namespace }),
    });
    events.record({
      regarding: object,
      type: "Warning",
      reason: "Overwritten",
      action: "Update",
      note: `${managerText(manager)} keeps undoing what the controller writes`,
    });
  };
}

/** How messages name a field manager. */
export function managerText(manager: string | undefined): string {
  return manager === undefined
    ? "Another client, which left no field manager,"
    : `The field manager ${manager}`;
}
