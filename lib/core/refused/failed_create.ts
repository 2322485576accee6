import type { KubeEvent, ObjectReference } from "../../api/objects.ts";
import { refusalText } from "./message.ts";

/** Reason of events that report a workload's failure to create a Pod. */
export const FAILED_CREATE = "FailedCreate";

/** A workload with a refused Pod. */
export interface FailedCreate {
  readonly workload: ObjectReference;
  /** The API server's words. */
  readonly text: string;
  /** Milliseconds. */
  readonly at: number;
}

/** The workload and message of an event of either API version. */
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
