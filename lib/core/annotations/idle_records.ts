import { isObject } from "../../api/json.ts";
import type { Pod } from "../../api/pod.ts";
import { goJson } from "../json/go_json.ts";

/** On Pods: sidecars that are idle because they are no longer needed, as JSON by container. OpenKruise ignores it. */
export const IDLE_ANNOTATION = "kruise.io/sidecarset-idle";

/** A container's state before it became idle. */
interface IdleRecord {
  readonly image: string;
  /** The container's restart count at the change. A higher count proves that the idle image runs. */
  readonly restarts: number;
}

/** The records of idle containers; empty if absent or unreadable. */
export function idleRecords(pod: Pod): ReadonlyMap<string, IdleRecord> {
  const records = new Map<string, IdleRecord>();
  const text = pod.metadata.annotations?.[IDLE_ANNOTATION];
  if (text === undefined) return records;
  try {
    const parsed: unknown = JSON.parse(text);
    for (const [container, entry] of Object.entries(isObject(parsed) ? parsed : {})) {
      if (!isObject(entry) || typeof entry.image !== "string") return new Map();
      records.set(container, { image: entry.image, restarts: Number(entry.restarts) || 0 });
    }
  } catch {
    return new Map();
  }
  return records;
}

/** The annotation's text; null removes it. */
export function idleRecordsText(records: ReadonlyMap<string, IdleRecord>): string | null {
  return records.size === 0 ? null : goJson(records);
}
