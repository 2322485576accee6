import { type JsonPatchOperation, ownMember } from "../../api/json.ts";
import type { Pod } from "../../api/pod.ts";
import type { PatchPodMetadata } from "../../api/sidecarset.ts";
import { mergeJsonTexts } from "../json/merge_texts.ts";
import { pointerToken } from "../json/patch.ts";
import type { Obstacle } from "../reasons.ts";

/** Annotations that `patchPodMetadata` sets, or why one cannot be set. */
export type MetadataChanges =
  | { readonly ok: true; readonly changes: ReadonlyMap<string, string> }
  | { readonly ok: false; readonly obstacle: Obstacle };

const UNCHANGED: MetadataChanges = { ok: true, changes: new Map() };

/**
 * Applies the patches in order.
 *
 * @param current the annotation's value before
 *
 * Source: `pkg/control/sidecarcontrol/sidecarset_control.go:PatchPodMetadata`.
 */
export function patchMetadata(
  patches: readonly PatchPodMetadata[] | undefined,
  current: (key: string) => string | undefined,
): MetadataChanges {
  if (patches === undefined || patches.length === 0) return UNCHANGED;
  const changes = new Map<string, string>();
  for (const { annotations = {}, patchPolicy } of patches) {
    for (const [key, value] of Object.entries(annotations)) {
      const present = changes.get(key) ?? current(key);
      const patched = patchedValue({ patchPolicy, present, value });
      if (patched === NOT_MERGEABLE) return { ok: false, obstacle: notJson(key, present) };
      if (patched !== undefined && patched !== present) changes.set(key, patched);
    }
  }
  return { ok: true, changes };
}

const NOT_MERGEABLE = Symbol("not mergeable");

/** The annotation's new value; undefined leaves it unchanged, as upstream does for an unknown policy. */
function patchedValue(
  { patchPolicy = "Retain", present, value }: {
    patchPolicy: PatchPodMetadata["patchPolicy"];
    present: string | undefined;
    value: string;
  },
): string | undefined | typeof NOT_MERGEABLE {
  switch (patchPolicy) {
    case "Retain":
      return present ?? value;
    case "Overwrite":
      return value;
    case "MergePatchJson":
      // Without a value to merge into, the text is set unchanged.
      return present ? mergeJsonTexts(present, value) ?? NOT_MERGEABLE : value;
    default:
      return present;
  }
}

function notJson(key: string, present: string | undefined): Obstacle {
  return {
    reason: "AnnotationNotJson",
    message:
      `the annotation ${key} cannot be merged with spec.patchPodMetadata, current value is ` +
      `${JSON.stringify(present)}: make both values JSON objects or use another patchPolicy`,
    subject: key,
  };
}

/** The JSON patch that sets these annotations on the Pod. */
export function writeAnnotations(
  pod: Pod,
  changes: ReadonlyMap<string, string>,
): JsonPatchOperation[] {
  if (changes.size === 0) return [];
  const { annotations } = pod.metadata;
  if (!annotations) {
    return [{ op: "add", path: "/metadata/annotations", value: Object.fromEntries(changes) }];
  }
  const operations: JsonPatchOperation[] = [];
  for (const [key, value] of changes) {
    const present = ownMember(annotations, key);
    if (present === value) continue;
    const path = `/metadata/annotations/${pointerToken(key)}`;
    operations.push({ op: present === undefined ? "add" : "replace", path, value });
  }
  return operations;
}
