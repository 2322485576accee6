import { isObject } from "../../api/json.ts";
import { INPLACE_UPDATE_STATE_ANNOTATION } from "../../api/names.ts";
import type { ObservedPod } from "../observed_pod.ts";
import { compareUtf8, escaped, goJson } from "../json/go_json.ts";
import { membersIn, textWithout } from "./json_records.ts";

/**
 * State of a Pod's images before one SidecarSet's last change (`pkg/control/sidecarcontrol:inPlaceUpdateState`).
 */
interface InPlaceState {
  /** Hash of the SidecarSet at the change. */
  readonly revision: string;
  readonly updateTimestamp: string;
  /** Image ids before the change, by container; undefined if the kubelet reported none. */
  readonly lastImageIds: ReadonlyMap<string, string | undefined>;
}

/** An in-place change of images to record. */
interface InPlaceChange {
  readonly sidecarSetName: string;
  readonly revision: string;
  readonly updateTimestamp: string;
  readonly changedContainers: Iterable<string>;
}

const NONE: ReadonlyMap<string, InPlaceState> = new Map();

/** The records by SidecarSet name; empty if absent, undefined if unreadable. */
export function readInPlaceStates(pod: ObservedPod): ReadonlyMap<string, InPlaceState> | undefined {
  const text = pod.metadata.annotations?.[INPLACE_UPDATE_STATE_ANNOTATION];
  if (text === undefined) return NONE;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(parsed)) return undefined;
  const states = new Map<string, InPlaceState>();
  for (const [name, entry] of Object.entries(parsed)) {
    const state = stateOf(entry);
    if (state === undefined) return undefined;
    states.set(name, state);
  }
  return states;
}

/**
 * The annotation's text after a change. The SidecarSet's record gets the new revision and time (upstream keeps the
 * first ones forever, B-23). Image ids of containers changed earlier stay. An unreadable annotation is replaced.
 * Source: `pkg/control/sidecarcontrol/util.go:RecordPodSidecarInplaceUpdateState`.
 */
export function inPlaceStatesText(pod: ObservedPod, change: InPlaceChange): string {
  const states = new Map(readInPlaceStates(pod));
  const statuses = [
    ...(pod.status?.containerStatuses ?? []),
    ...(pod.status?.initContainerStatuses ?? []),
  ];
  const lastImageIds = new Map(states.get(change.sidecarSetName)?.lastImageIds);
  for (const container of change.changedContainers) {
    lastImageIds.set(container, statuses.find((status) => status.name === container)?.imageID);
  }
  states.set(change.sidecarSetName, {
    revision: change.revision,
    updateTimestamp: change.updateTimestamp,
    lastImageIds,
  });
  return statesText(states);
}

/** The annotation's text without a SidecarSet's record; null removes the annotation, undefined leaves it. */
export function inPlaceStatesWithout(
  pod: ObservedPod,
  sidecarSet: string,
): string | null | undefined {
  return textWithout(readInPlaceStates(pod) ?? NONE, sidecarSet, statesText);
}

function statesText(states: ReadonlyMap<string, InPlaceState>): string {
  return escaped(joined(states, stateText));
}

function stateText(state: InPlaceState): string {
  const statuses = joined(
    state.lastImageIds,
    (imageID) => JSON.stringify(imageID ? { imageID } : {}),
  );
  const revision = JSON.stringify(state.revision);
  const time = JSON.stringify(state.updateTimestamp);
  return `{"revision":${revision},"updateTimestamp":${time},"lastContainerStatuses":${statuses}}`;
}

function joined<T>(map: ReadonlyMap<string, T>, text: (value: T) => string): string {
  const members = [...map].sort(([a], [b]) => compareUtf8(a, b));
  return `{${members.map(([key, value]) => `${JSON.stringify(key)}:${text(value)}`).join(",")}}`;
}

function stateOf(entry: unknown): InPlaceState | undefined {
  if (!isObject(entry)) return undefined;
  const { revision = "", updateTimestamp = "", lastContainerStatuses } = entry;
  if (typeof revision !== "string" || typeof updateTimestamp !== "string") return undefined;
  const lastImageIds = new Map<string, string | undefined>();
  if (isObject(lastContainerStatuses)) {
    for (const [container, status] of Object.entries(lastContainerStatuses)) {
      const imageId = isObject(status) ? status.imageID : undefined;
      lastImageIds.set(container, typeof imageId === "string" ? imageId : undefined);
    }
  }
  return { revision, updateTimestamp, lastImageIds };
}

/**
 * Restart counts of containers before their last image change, as JSON by SidecarSet. A higher count proves that the
 * kubelet has replaced the container, which image names and ids cannot. OpenKruise ignores it.
 */
export const RESTART_COUNTS_ANNOTATION = "kruise.io/sidecarset-restart-counts";

/** Restart counts before one SidecarSet's image changes. */
interface RestartCounts {
  /** Time of the last change by this program. An upgrade with a later time was made by OpenKruise. */
  readonly updateTimestamp: string;
  readonly byContainer: ReadonlyMap<string, number>;
}

/** The records by SidecarSet; empty if absent or unreadable. */
export function readRestartCounts(pod: ObservedPod): ReadonlyMap<string, RestartCounts> {
  const records = new Map<string, RestartCounts>();
  for (const [name, entry] of membersIn(pod, RESTART_COUNTS_ANNOTATION)) {
    if (!isObject(entry) || typeof entry.updateTimestamp !== "string") continue;
    const counts = isObject(entry.restartCounts) ? Object.entries(entry.restartCounts) : [];
    const byContainer = new Map<string, number>();
    for (const [container, count] of counts) {
      if (typeof count === "number") byContainer.set(container, count);
    }
    records.set(name, { updateTimestamp: entry.updateTimestamp, byContainer });
  }
  return records;
}

/** The annotation's text after a change of images. Counts of containers changed earlier stay. */
export function restartCountsText(
  pod: ObservedPod,
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
export function restartCountsWithout(
  pod: ObservedPod,
  sidecarSet: string,
): string | null | undefined {
  return textWithout(readRestartCounts(pod), sidecarSet, textOf);
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
