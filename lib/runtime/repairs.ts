import type { Logger } from "../api/logger.ts";
import type { Events } from "../controller/events.ts";
import type { Repair } from "../controller/repairs.ts";

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
