import { isObject } from "../../api/json.ts";
import type { Pod } from "../../api/pod.ts";
import { goJson } from "../json/go_json.ts";

/**
 * Restart counts of containers before their last image change, as JSON by SidecarSet. A higher count proves that the
 * kubelet has replaced the container, which image names and ids cannot. OpenKruise ignores it.
 */
export const RESTART_COUNTS_ANNOTATION = "kruise.io/sidecarset-restart-counts";

/** Restart counts before one SidecarSet's image changes. */
export interface RestartCounts {
  /** Time of the last change by this program. An upgrade with a later time was made by OpenKruise. */
  readonly updateTimestamp: string;
  readonly byContainer: ReadonlyMap<string, number>;
}

/** The records by SidecarSet; empty if absent or unreadable. */
export function readRestartCounts(pod: Pod): ReadonlyMap<string, RestartCounts> {
  const records = new Map<string, RestartCounts>();
  const text = pod.metadata.annotations?.[RESTART_COUNTS_ANNOTATION];
  if (text === undefined) return records;
  try {
    const parsed: unknown = JSON.parse(text);
    for (const [name, entry] of Object.entries(isObject(parsed) ? parsed : {})) {
      if (!isObject(entry) || typeof entry.updateTimestamp !== "string") continue;
      const counts = isObject(entry.restartCounts) ? Object.entries(entry.restartCounts) : [];
      const byContainer = new Map<string, number>();
      for (const [container, count] of counts) {
        if (typeof count === "number") byContainer.set(container, count);
      }
      records.set(name, { updateTimestamp: entry.updateTimestamp, byContainer });
    }
  } catch {
    return new Map();
  }
  return records;
}

/** The annotation's text after a change of images. Counts of containers changed earlier stay. */
export function restartCountsText(
  pod: Pod,
  { sidecarSetName, updateTimestamp, changedContainers }: {
    readonly sidecarSetName: string;
    readonly updateTimestamp: string;
    readonly changedContainers: Iterable<string>;
  },
): string {
  const records = new Map(readRestartCounts(pod));
  const byContainer = new Map(records.get(sidecarSetName)?.byContainer);
  const statuses = [
    ...(pod.status?.containerStatuses ?? []),
    ...(pod.status?.initContainerStatuses ?? []),
  ];
  for (const container of changedContainers) {
    const status = statuses.find(({ name }) => name === container);
    byContainer.set(container, status?.restartCount ?? 0);
  }
  records.set(sidecarSetName, { updateTimestamp, byContainer });
  return textOf(records);
}

/** The annotation's text without a SidecarSet's record; null removes the annotation, undefined leaves it. */
export function restartCountsWithout(pod: Pod, sidecarSet: string): string | null | undefined {
  const records = new Map(readRestartCounts(pod));
  if (!records.delete(sidecarSet)) return undefined;
  return records.size === 0 ? null : textOf(records);
}

function textOf(records: ReadonlyMap<string, RestartCounts>): string {
  return goJson(
    new Map(
      [...records].map(([name, { updateTimestamp, byContainer }]) => [
        name,
        { updateTimestamp, restartCounts: byContainer },
      ]),
    ),
  );
}
