import type { ControllerRevision } from "../../api/objects.ts";
import type { Read } from "../../api/problems.ts";
import { isObject } from "../../api/json.ts";
import { HASH_ANNOTATION, HASH_WITHOUT_IMAGE_ANNOTATION } from "../../api/names.ts";
import { readSidecarSet } from "../../api/read.ts";
import type { SidecarSet } from "../../api/sidecarset.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { patchHashOf, revisedFieldNames } from "./data.ts";
import { recordedHashes, withHashAnnotations } from "./hash.ts";

/**
 * The SidecarSet with the injected parts of a revision, and its current policies and selectors. The hash
 * annotations are the revision's, or computed if it has none.
 *
 * @returns the problems, with paths in the SidecarSet, if the revision's data is invalid
 * @see `pkg/control/sidecarcontrol/history_control.go:GetHistorySidecarSet`, `restoreRevisionInfo`
 */
export function restoreSidecarSet(
  current: SidecarSet,
  revision: ControllerRevision,
): Read<SidecarSet> {
  const recorded = revision.data?.spec;
  if (!isObject(recorded)) {
    return {
      ok: false,
      problems: [{
        reason: "FieldValueInvalid",
        field: "spec.injectionStrategy.revision",
        message: `Cannot restore ControllerRevision ${revision.metadata.name}: ` +
          "its data has no spec; pin another revision or delete this one",
      }],
    };
  }
  const spec: Record<string, unknown> = { ...current.spec };
  for (const field of revisedFieldNames) spec[field] = recorded[field] ?? null;
  const recordedAnnotations = revision.metadata.annotations;
  const annotations = {
    ...current.metadata.annotations,
    [HASH_ANNOTATION]: recordedAnnotations?.[HASH_ANNOTATION] ?? null,
    [HASH_WITHOUT_IMAGE_ANNOTATION]: recordedAnnotations?.[HASH_WITHOUT_IMAGE_ANNOTATION] ?? null,
  };
  const read = readSidecarSet({
    ...current,
    metadata: { ...current.metadata, annotations },
    spec,
    status: { ...current.status, latestRevision: revision.metadata.name },
  });
  if (!read.ok) return read;
  return { ok: true, value: withHashAnnotations(read.value, recordedHashes(read.value)) };
}

/** `restoreSidecarSet()`, prepared for decisions. */
export function restorePrepared(
  current: PreparedSidecarSet,
  revision: ControllerRevision,
): Read<PreparedSidecarSet> {
  const read = restoreSidecarSet(current.sidecarSet, revision);
  if (!read.ok) return read;
  const sidecarSet = read.value;
  const revisionName = revision.metadata.name ?? "";
  const { patchHash: _current, ...others } = current;
  return {
    ok: true,
    value: {
      ...others,
      sidecarSet,
      ...recordedHashes(sidecarSet),
      ...patchHashOf(sidecarSet.spec),
      revisionName,
    },
  };
}
