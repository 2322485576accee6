import { isObject } from "../../../lib/api/json.ts";
import {
  HASH_ANNOTATION,
  HASH_WITHOUT_IMAGE_ANNOTATION,
  INPLACE_UPDATE_STATE_ANNOTATION,
  UPGRADABLE_CONDITION,
  WORKING_HOT_UPGRADE_ANNOTATION,
} from "../../../lib/api/names.ts";
import type { Pod } from "../../../lib/api/pod.ts";
import { RESTART_COUNTS_ANNOTATION } from "../../../lib/core/annotations/inplace_state.ts";
import type { PreparedSidecarSet } from "../../../lib/core/prepared.ts";
import { NOW } from "./cases.ts";
import { isDenied } from "./openkruise.ts";

const JSON_ANNOTATIONS = new Set<string>([
  HASH_ANNOTATION,
  HASH_WITHOUT_IMAGE_ANNOTATION,
  INPLACE_UPDATE_STATE_ANNOTATION,
  WORKING_HOT_UPGRADE_ANNOTATION,
]);

/**
 * The Pod as recorded results are to be compared: annotations parsed, `T` for now, conditions by type, no empty
 * resources, and without the annotation that OpenKruise does not know.
 */
export function comparable(pod: Pod): unknown {
  const annotations = Object.entries(pod.metadata.annotations ?? {})
    .filter(([key]) => key !== RESTART_COUNTS_ANNOTATION)
    .map(([key, value]) => [key, JSON_ANNOTATIONS.has(key) ? parsed(value) : value]);
  const conditions = [...pod.status?.conditions ?? []]
    .sort((a, b) => a.type < b.type ? -1 : 1)
    .map((condition) => ({ ...condition, message: parsed(condition.message ?? "") }));
  return sortedAndTimed({
    ...pod,
    metadata: { ...pod.metadata, annotations: Object.fromEntries(annotations) },
    status: { ...pod.status, conditions },
  });
}

/** A recorded Pod, comparable, with the defects of its content corrected. */
export function mendContent(
  pod: Pod,
  { before, prepared, corrected }: {
    readonly before: Pod;
    readonly prepared: PreparedSidecarSet;
    readonly corrected: ReadonlySet<string>;
  },
): Pod {
  const annotations = { ...pod.metadata.annotations };
  const state = annotations[INPLACE_UPDATE_STATE_ANNOTATION];
  const stateBefore = before.metadata.annotations?.[INPLACE_UPDATE_STATE_ANNOTATION];
  if (corrected.has("B-23") && state !== undefined && state !== stateBefore) {
    const states = JSON.parse(state);
    states[prepared.name] = {
      ...states[prepared.name],
      revision: prepared.hash,
      updateTimestamp: "T",
    };
    annotations[INPLACE_UPDATE_STATE_ANNOTATION] = JSON.stringify(states);
  }
  if (corrected.has("old-form")) {
    for (const key of [HASH_ANNOTATION, HASH_WITHOUT_IMAGE_ANNOTATION]) {
      const known = new Set(Object.keys(JSON.parse(before.metadata.annotations?.[key] ?? "{}")));
      const specs = Object.entries<object>(JSON.parse(annotations[key] ?? "{}"))
        .filter(([name]) => known.has(name))
        .map(([name, spec]) => [name, { ...spec, sidecarSetName: name }]);
      annotations[key] = JSON.stringify(Object.fromEntries(specs));
    }
  }
  const isOnlyReported = corrected.has("D-12") && !isDenied(before, prepared) &&
    !isDenied(pod, prepared);
  const reported = isOnlyReported
    ? [
      ...pod.status?.conditions?.filter(({ type }) => type !== UPGRADABLE_CONDITION) ?? [],
      ...before.status?.conditions?.filter(({ type }) => type === UPGRADABLE_CONDITION) ?? [],
    ]
    : pod.status?.conditions;
  const conditions = reported?.map((condition) => {
    if (!corrected.has("B-8") || condition.type !== UPGRADABLE_CONDITION) return condition;
    const upgradable: unknown = JSON.parse(condition.message ?? "{}")[prepared.name];
    if (upgradable === undefined) return condition;
    return {
      ...condition,
      status: upgradable === true ? "True" : "False",
      reason: upgradable === true ? "AllSidecarsetUpgradable" : "UpdateImmutableField",
      message: JSON.stringify({ [prepared.name]: upgradable }),
    };
  });
  return {
    ...pod,
    metadata: { ...pod.metadata, annotations },
    ...(conditions === undefined ? {} : { status: { ...pod.status, conditions } }),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const NOW_TEXT = `${NOW.toISOString().slice(0, 19)}Z`;

function sortedAndTimed(value: unknown): unknown {
  if (value === NOW_TEXT) return "T";
  if (Array.isArray(value)) return value.map(sortedAndTimed);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, member]) => !(key === "resources" && isObject(member) && isEmpty(member)))
      .sort(([a], [b]) => a < b ? -1 : 1)
      .map(([key, member]) => [key, sortedAndTimed(member)]),
  );
}

function isEmpty(object: Record<string, unknown>): boolean {
  return Object.keys(object).length === 0;
}
