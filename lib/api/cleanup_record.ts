import * as z from "zod/mini";
import type { Read } from "./field_problem.ts";
import { isObject } from "./json.ts";
import type { ConfigMap } from "./objects.ts";
import { readAs } from "./read.ts";
import { evictionGuard } from "./sidecarset_status.ts";
import { intOrPercent } from "./strategies.ts";

/**
 * What the controller keeps of a SidecarSet's clean-up policy, so that the clean-up goes on when the SidecarSet is gone: a ConfigMap in the
 * controller's namespace, one for each SidecarSet whose policy is another than Retain.
 */

/** On those ConfigMaps, which are watched by it. */
export const CLEANUP_RECORD_LABEL = "kruise.io/sidecarset-cleanup";

/** On those ConfigMaps, too: whose record it is, should the record itself not be readable. */
const NAME_ANNOTATION = "kruise.io/sidecarset-name";

const RECORD_KEY = "record.json";
const PROGRESS_KEY = "progress.json";

export const cleanupRecord = z.looseObject({
  sidecarSet: z.string(),
  /** Of that SidecarSet: another one of its name has a record of its own. */
  uid: z.string(),
  policy: z.discriminatedUnion("type", [
    z.looseObject({ type: z.literal("Idle"), idleImage: z.string() }),
    z.looseObject({ type: z.literal("Evict") }),
  ]),
  maxUnavailable: z.optional(intOrPercent),
  /** Names of all sidecars that it has had since the policy was set. */
  sidecars: z.array(z.string()),
  /** Workloads of which a Pod was evicted and has not been replaced as wanted yet. */
  evictions: z.optional(z.array(evictionGuard)),
});
export type CleanupRecord = z.infer<typeof cleanupRecord>;

/** How far a clean-up has come, for people to read. */
export interface CleanupProgress {
  /** Pods that still have something to be cleaned up. */
  readonly remaining: number;
  /** What keeps them from it, by reason, with the number of Pods and one of them. */
  readonly blocked: Readonly<Record<string, { pods: number; example: string; message: string }>>;
}

/** The name of the ConfigMap of a SidecarSet's record; uids are valid in names. */
export function cleanupRecordName(uid: string): string {
  return `sidecarset-cleanup-${uid}`;
}

/** A record as it is stored. */
export function toConfigMap(
  record: CleanupRecord,
  { namespace, progress }: { namespace: string; progress?: CleanupProgress },
): ConfigMap {
  return {
    metadata: {
      name: cleanupRecordName(record.uid),
      namespace,
      labels: { [CLEANUP_RECORD_LABEL]: "true" },
      annotations: { [NAME_ANNOTATION]: record.sidecarSet },
    },
    data: {
      [RECORD_KEY]: JSON.stringify(record),
      ...(progress ? { [PROGRESS_KEY]: JSON.stringify(progress) } : {}),
    },
  };
}

/** Reads a stored record; people may have changed it. */
export function fromConfigMap({ data = {} }: ConfigMap): Read<CleanupRecord> {
  try {
    return readAs(cleanupRecord, JSON.parse(data[RECORD_KEY] ?? "null"));
  } catch {
    const field = `data[${RECORD_KEY}]`;
    return {
      ok: false,
      problems: [{ reason: "FieldValueInvalid", field, message: "must be JSON" }],
    };
  }
}

/** The name of the SidecarSet that a record is about, although it cannot be read; undefined where even that is lost. */
export function recordedSidecarSet({ metadata, data = {} }: ConfigMap): string | undefined {
  const named = metadata.annotations?.[NAME_ANNOTATION];
  if (named !== undefined) return named;
  try {
    const record: unknown = JSON.parse(data[RECORD_KEY] ?? "null");
    return isObject(record) && typeof record.sidecarSet === "string"
      ? record.sidecarSet
      : undefined;
  } catch {
    return undefined;
  }
}
