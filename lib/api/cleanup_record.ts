import * as z from "zod/mini";
import type { Read } from "./problems.ts";
import { isObject } from "./json.ts";
import type { ConfigMap } from "./objects.ts";
import { readAs } from "./read.ts";
import { evictionGuard } from "./sidecarset_status.ts";
import { intOrPercent } from "./strategies.ts";

/**
 * The clean-up policy of a SidecarSet as a ConfigMap in the controller's namespace, so that the clean-up continues
 * after the SidecarSet is deleted. One for each SidecarSet whose policy is not Retain.
 */

/** Label of these ConfigMaps; the controller watches them by it. */
export const CLEANUP_RECORD_LABEL = "kruise.io/sidecarset-cleanup";

/** Annotation with the SidecarSet's name, for a record that cannot be read. */
const NAME_ANNOTATION = "kruise.io/sidecarset-name";

const RECORD_KEY = "record.json";
const PROGRESS_KEY = "progress.json";

const cleanupRecord = z.looseObject({
  sidecarSet: z.string(),
  /** UID of the SidecarSet; a recreated SidecarSet of the same name has another record. */
  uid: z.string(),
  policy: z.discriminatedUnion("type", [
    z.looseObject({ type: z.literal("Idle"), idleImage: z.string() }),
    z.looseObject({ type: z.literal("Evict") }),
  ]),
  maxUnavailable: z.optional(intOrPercent),
  /** Names of all sidecars in the spec since the policy was set. */
  sidecars: z.array(z.string()),
  /** Workloads whose evicted Pod has no replacement in the desired state yet. */
  evictions: z.optional(z.array(evictionGuard)),
});
export type CleanupRecord = z.infer<typeof cleanupRecord>;

const cleanupProgress = z.object({
  /** Number of Pods that still have sidecars to clean up. */
  remaining: z.number(),
  /** Blockers by reason, each with the number of Pods and an example. */
  blocked: z.record(
    z.string(),
    z.object({ pods: z.number(), example: z.string(), message: z.string() }),
  ),
});
/** Progress of a clean-up, for users to read, and for the next leader. */
export type CleanupProgress = z.infer<typeof cleanupProgress>;

/** Progress of a clean-up that has not begun. */
export const NO_PROGRESS: CleanupProgress = { remaining: 0, blocked: {} };

/** The name of the ConfigMap of a SidecarSet's record; uids are valid in names. */
export function cleanupRecordName(uid: string): string {
  return `sidecarset-cleanup-${uid}`;
}

/** The ConfigMap that stores a record. */
export function toConfigMap(
  record: CleanupRecord,
  { namespace, progress }: { namespace: string; progress?: CleanupProgress },
): ConfigMap {
  const configMap = {
    metadata: {
      name: cleanupRecordName(record.uid),
      namespace,
      labels: { [CLEANUP_RECORD_LABEL]: "true" },
      annotations: { [NAME_ANNOTATION]: record.sidecarSet },
    },
    data: { [RECORD_KEY]: JSON.stringify(record) },
  };
  return progress ? withProgress(configMap, progress) : configMap;
}

/** The ConfigMap of a record, readable or not, with the progress of its clean-up. */
export function withProgress(configMap: ConfigMap, progress: CleanupProgress): ConfigMap {
  return { ...configMap, data: { ...configMap.data, [PROGRESS_KEY]: JSON.stringify(progress) } };
}

/** Reads a stored record; users can edit ConfigMaps, so it is validated. */
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

/** The progress that is stored with a record; none if it cannot be read. */
export function progressIn({ data = {} }: ConfigMap): CleanupProgress {
  try {
    const read = readAs(cleanupProgress, JSON.parse(data[PROGRESS_KEY] ?? "null"));
    return read.ok ? read.value : NO_PROGRESS;
  } catch {
    return NO_PROGRESS;
  }
}

/** The SidecarSet's name in a record that may be unreadable; undefined if the name is lost too. */
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
