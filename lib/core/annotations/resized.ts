import type { ObservedPod } from "../observed_pod.ts";
import type { ResourceLists } from "../../api/container.ts";
import { isObject } from "../../api/json.ts";
import { goJson } from "../json/go_json.ts";
import { membersIn, textWithout } from "./json_records.ts";

/**
 * Resources that this program has given to containers of a running Pod, as JSON by SidecarSet. A container with other
 * resources has been resized by another client since, and is left alone. OpenKruise ignores it.
 */
export const RESIZED_ANNOTATION = "kruise.io/sidecarset-resized";

/** The last resize of a Pod by one SidecarSet. */
interface ResizeRecord {
  /** Of the Pod with the new resources; a condition of the kubelet for an older one is outdated. */
  readonly generation: number;
  readonly byContainer: ReadonlyMap<string, ResourceLists>;
}

/** The records by SidecarSet; empty if absent or unreadable. */
export function readResizes(pod: ObservedPod): ReadonlyMap<string, ResizeRecord> {
  const records = new Map<string, ResizeRecord>();
  for (const [name, entry] of membersIn(pod, RESIZED_ANNOTATION)) {
    if (!isObject(entry) || !isObject(entry.containers)) continue;
    const byContainer = new Map(
      Object.entries(entry.containers).map(([container, lists]) => [container, listsOf(lists)]),
    );
    const generation = typeof entry.generation === "number" ? entry.generation : 0;
    records.set(name, { generation, byContainer });
  }
  return records;
}

/** The annotation's text with the record of one SidecarSet replaced. */
export function resizesText(pod: ObservedPod, sidecarSet: string, record: ResizeRecord): string {
  return textOf(new Map(readResizes(pod)).set(sidecarSet, record));
}

/** The annotation's text without a SidecarSet's record; null removes the annotation, undefined leaves it. */
export function resizesWithout(pod: ObservedPod, sidecarSet: string): string | null | undefined {
  return textWithout(readResizes(pod), sidecarSet, textOf);
}

function textOf(records: ReadonlyMap<string, ResizeRecord>): string {
  return goJson(
    new Map(
      [...records].map(([name, { generation, byContainer }]) => [
        name,
        { generation, containers: byContainer },
      ]),
    ),
  );
}

function listsOf(value: unknown): ResourceLists {
  const { requests, limits } = isObject(value) ? value : {};
  return { requests: amountsOf(requests), limits: amountsOf(limits) };
}

function amountsOf(value: unknown): Record<string, string | number> {
  const amounts: Record<string, string | number> = {};
  for (const [name, amount] of Object.entries(isObject(value) ? value : {})) {
    if (typeof amount === "string" || typeof amount === "number") amounts[name] = amount;
  }
  return amounts;
}
