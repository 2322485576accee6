import type { ObservedPod } from "../observed_pod.ts";
import { isObject } from "../../api/json.ts";
import { goJson } from "../json/go_json.ts";

/**
 * On Pods: what SidecarSets changed of the Pod's own labels and containers, as JSON by SidecarSet. Written only for
 * SidecarSets with such patches. OpenKruise ignores it.
 */
export const POD_PATCHES_ANNOTATION = "kruise.io/sidecarset-pod-patches";

/** What one SidecarSet changed of a Pod's own parts, so that it can be undone. */
export interface PodPatchRecord {
  /** The labels before the patch, by key; null where the Pod had none. */
  readonly labels?: Readonly<Record<string, string | null>>;
}

export type PodPatchRecords = ReadonlyMap<string, PodPatchRecord>;

/** The records by SidecarSet; empty if absent or unreadable. */
export function podPatches({ metadata: { annotations } }: ObservedPod): PodPatchRecords {
  const records = new Map<string, PodPatchRecord>();
  const text = annotations?.[POD_PATCHES_ANNOTATION];
  if (text === undefined) return records;
  try {
    const parsed: unknown = JSON.parse(text);
    for (const [name, entry] of Object.entries(isObject(parsed) ? parsed : {})) {
      if (isObject(entry)) records.set(name, recordIn(entry));
    }
  } catch {
    return new Map();
  }
  return records;
}

/** The annotation's text; null removes it. */
export function podPatchesText(records: PodPatchRecords): string | null {
  return records.size === 0 ? null : goJson(records);
}

/** Adds labels that a SidecarSet changes; the first recorded value of each label stays. */
export function withPatchedLabels(
  record: PodPatchRecord | undefined,
  { labels, before }: {
    readonly labels: ReadonlyMap<string, string>;
    before(key: string): string | undefined;
  },
): PodPatchRecord {
  const values = [...labels.keys()].map((key) => [key, before(key) ?? null] as const);
  return { ...record, labels: { ...Object.fromEntries(values), ...record?.labels } };
}

function recordIn({ labels }: Readonly<Record<string, unknown>>): PodPatchRecord {
  if (!isObject(labels)) return {};
  const read = Object.entries(labels).filter((entry): entry is [string, string | null] =>
    entry[1] === null || typeof entry[1] === "string"
  );
  return { labels: Object.fromEntries(read) };
}
