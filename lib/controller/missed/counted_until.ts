import type { Logger } from "../../api/logger.ts";
import { COUNTED_UNTIL_ANNOTATION } from "../../api/names.ts";
import type { LeaseStore } from "../leader/election.ts";
import { rfc3339 } from "../../core/rfc3339.ts";

/** The annotation of the leader's Lease while the leader counts Pods. */
export function countedUntil(now: Date): Record<string, string> {
  return { [COUNTED_UNTIL_ANNOTATION]: rfc3339(now) };
}

/** Until when the counts of the stored statuses were right; undefined where that is not known. Never rejects. */
export async function readCountedUntil(
  { store, logger }: { store: Pick<LeaseStore, "get">; logger: Logger },
  signal: AbortSignal,
): Promise<Date | undefined> {
  try {
    const lease = await store.get(signal);
    const time = Date.parse(lease?.metadata.annotations?.[COUNTED_UNTIL_ANNOTATION] ?? "");
    return Number.isNaN(time) ? undefined : new Date(time);
  } catch (error) {
    if (!signal.aborted) logger.warn("Cannot read until when Pods were counted", { error });
    return undefined;
  }
}
