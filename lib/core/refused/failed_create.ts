import type { KubeEvent, ObjectReference } from "../../api/objects.ts";
import { refusalText } from "./message.ts";

/** Of the events with this reason each says that a workload's controller could not create a Pod. */
export const FAILED_CREATE = "FailedCreate";

/** A workload that was refused a Pod. */
export interface FailedCreate {
  readonly workload: ObjectReference;
  /** The API server's words. */
  readonly text: string;
  /** Milliseconds. */
  readonly at: number;
}

/** What an event says, whichever version of the API it came by. */
export function failedCreateOf(event: KubeEvent): FailedCreate {
  const { regarding, note, eventTime, series, deprecatedLastTimestamp, metadata } = event;
  const times = [
    series?.lastObservedTime,
    deprecatedLastTimestamp,
    eventTime,
    metadata.creationTimestamp,
  ].map((time) => Date.parse(time ?? ""));
  return {
    workload: regarding,
    text: refusalText(note),
    at: Math.max(0, ...times.filter((time) => !Number.isNaN(time))),
  };
}
