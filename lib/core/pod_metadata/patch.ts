import { type JsonPatchOperation, ownMember } from "../../api/json.ts";
import type { Pod } from "../../api/pod.ts";
import type { PatchPodMetadata } from "../../api/sidecarset.ts";
import { mergeJsonTexts } from "../json/merge_texts.ts";
import { pointerToken } from "../json/patch.ts";
import type { Obstacle } from "../reasons.ts";

/** Annotations and labels that `patchPodMetadata` changes, or why one cannot be changed. */
type MetadataChanges =
  | {
    readonly ok: true;
    readonly annotations: ReadonlyMap<string, string>;
    readonly labels: ReadonlyMap<string, string>;
  }
  | { readonly ok: false; readonly obstacle: Obstacle };

/** The values before the patches. */
export interface PresentMetadata {
  annotation(key: string): string | undefined;
  label(key: string): string | undefined;
}

const NOTHING: ReadonlyMap<string, string> = new Map();
const UNCHANGED: MetadataChanges = { ok: true, annotations: NOTHING, labels: NOTHING };

/**
 * Applies the patches in order. Labels are merged by no policy: one with MergePatchJson is left unchanged, as
 * validation refuses it.
 *
 * Source: `pkg/control/sidecarcontrol/sidecarset_control.go:PatchPodMetadata`, which has no labels.
 */
export function patchMetadata(
  patches: readonly PatchPodMetadata[] | undefined,
  present: PresentMetadata,
): MetadataChanges {
  if (patches === undefined || patches.length === 0) return UNCHANGED;
  const changed = new Map<string, string>();
  const labels = new Map<string, string>();
  for (const { annotations = {}, labels: added = {}, patchPolicy } of patches) {
    for (const [key, value] of Object.entries(annotations)) {
      const before = changed.get(key) ?? present.annotation(key);
      const patched = patchedValue({ patchPolicy, present: before, value });
      if (patched === NOT_MERGEABLE) return { ok: false, obstacle: notJson(key, before) };
      if (patched !== undefined && patched !== before) changed.set(key, patched);
    }
    if (patchPolicy === "MergePatchJson") continue;
    for (const [key, value] of Object.entries(added)) {
      const before = labels.get(key) ?? present.label(key);
      const patched = patchedValue({ patchPolicy, present: before, value });
      if (typeof patched === "string" && patched !== before) labels.set(key, patched);
    }
  }
  return { ok: true, annotations: changed, labels };
}

const NOT_MERGEABLE = Symbol("not mergeable");

/** The new value; undefined leaves it unchanged, as upstream does for an unknown policy. */
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

/** The JSON patch that sets these annotations or labels on the Pod. */
export function writeMetadata(
  pod: Pod,
  { field, changes }: {
    readonly field: "annotations" | "labels";
    readonly changes: ReadonlyMap<string, string>;
  },
): JsonPatchOperation[] {
  if (changes.size === 0) return [];
  const values = pod.metadata[field];
  if (!values) {
    return [{ op: "add", path: `/metadata/${field}`, value: Object.fromEntries(changes) }];
  }
  const operations: JsonPatchOperation[] = [];
  for (const [key, value] of changes) {
    const present = ownMember(values, key);
    if (present === value) continue;
    const path = `/metadata/${field}/${pointerToken(key)}`;
    operations.push({ op: present === undefined ? "add" : "replace", path, value });
  }
  return operations;
}
