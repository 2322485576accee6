import { isDeepStrictEqual } from "node:util";
import { isObject, isTooDeep } from "../../api/json.ts";
import type { ObjectMeta } from "../../api/meta.ts";
import { LAST_APPLIED_ANNOTATION } from "../../api/names.ts";
import type { KubeObject } from "../../api/objects.ts";
import { type FieldProblem, type Read, TOO_DEEP } from "../../api/problems.ts";
import { readAs, withoutNulls } from "../../api/read.ts";
import { type SidecarSet, sidecarSet } from "../../api/sidecarset.ts";
import { sidecarSetStatus } from "../../api/sidecarset_status.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { patchHashOf } from "../revision/data.ts";
import { hashSidecarSet } from "../revision/hash.ts";
import { specWrittenAt } from "../status/effective_since.ts";
import { completeSidecarSet } from "./sidecarset.ts";

/**
 * Validates a readable SidecarSet.
 *
 * @param known `isContentValid`: everything but metadata and selection is known to be valid
 */
export type ProblemsOf = (
  sidecarSet: SidecarSet,
  known?: { readonly isContentValid: boolean },
) => readonly FieldProblem[];

interface PrepareOptions {
  /** The name of the stored ControllerRevision of this spec; empty when there is none yet. */
  readonly revisionName?: string;
  /** Without it `problems` is empty. */
  readonly problemsOf?: ProblemsOf;
}

/**
 * Reads a SidecarSet of either version, applies its defaults and computes its hashes, so that nothing depends on
 * the defaulting webhook. As in the API server, defaults come before the schema.
 *
 * @returns the problems if the object does not match the schema or is nested too deep; those of `problemsOf` are
 * part of the value
 */
export function prepareSidecarSet(
  raw: unknown,
  { revisionName = "", problemsOf }: PrepareOptions = {},
): Read<PreparedSidecarSet> {
  if (isTooDeep(raw)) return { ok: false, problems: [TOO_DEEP] };
  const read = readAs(sidecarSet, completeSidecarSet(raw));
  if (!read.ok) return read;
  const defaulted = read.value;
  return {
    ok: true,
    value: {
      name: defaulted.metadata.name ?? "",
      sidecarSet: defaulted,
      ...hashSidecarSet(defaulted.spec),
      ...patchHashOf(defaulted.spec),
      revisionName,
      problems: problemsOf?.(defaulted) ?? [],
    },
  };
}

/**
 * A stored SidecarSet that cannot be read is known by its problems alone, and injected nowhere.
 *
 * @param reuse `known`: an earlier state, if there is one, as most changes are of the status and keep everything else;
 * `prepare`: instead of `prepareSidecarSet` with these `problemsOf`, see `createTemplates`
 */
export function toPrepared(
  object: KubeObject,
  problemsOf: ProblemsOf,
  { known, prepare = (raw) => prepareSidecarSet(raw, { problemsOf }) }: {
    readonly known?: PreparedSidecarSet | undefined;
    prepare?(raw: unknown): Read<PreparedSidecarSet>;
  } = {},
): PreparedSidecarSet {
  const metadata = reducedMetadata(object.metadata);
  const reduced = { ...object, metadata };
  const read = withStatusOf(known, reduced) ?? prepare(reduced);
  const writtenAt = specWrittenAt(object.metadata);
  if (read.ok) return writtenAt ? { ...read.value, specWrittenAt: writtenAt } : read.value;
  const stored = "status" in object && !isTooDeep(object.status) ? object.status : {};
  const status = readAs(sidecarSetStatus, withoutNulls(stored));
  return {
    name: metadata.name ?? "",
    sidecarSet: { metadata, spec: {}, ...(status.ok ? { status: status.value } : {}) },
    hash: "",
    hashWithoutImage: "",
    revisionName: "",
    problems: read.problems,
  };
}

/** Without what is longer than the rest and is not read: managed fields, and the copy of `kubectl apply`. */
function reducedMetadata({ managedFields: _, ...metadata }: ObjectMeta): ObjectMeta {
  const { annotations } = metadata;
  if (!isObject(annotations)) return metadata;
  const { [LAST_APPLIED_ANNOTATION]: __, ...others } = annotations;
  return { ...metadata, annotations: others };
}

/** The known state with another status; undefined if something else may differ, or the status cannot be read. */
function withStatusOf(
  known: PreparedSidecarSet | undefined,
  object: KubeObject,
): Read<PreparedSidecarSet> | undefined {
  const { resourceVersion } = object.metadata;
  if (known === undefined || resourceVersion === undefined) return undefined;
  if (!hasSameSpec(known, object.metadata)) return undefined;
  const { status: _, ...sidecarSet } = known.sidecarSet;
  const { specWrittenAt: __, ...prepared } = known;
  // Its texts are in memory already.
  const metadata = { ...sidecarSet.metadata, resourceVersion };
  if (!("status" in object)) {
    return { ok: true, value: { ...prepared, sidecarSet: { ...sidecarSet, metadata } } };
  }
  if (isTooDeep(object.status)) return undefined;
  const status = readAs(sidecarSetStatus, withoutNulls(object.status));
  if (!status.ok) return undefined;
  const value = { ...prepared, sidecarSet: { ...sidecarSet, metadata, status: status.value } };
  return { ok: true, value };
}

/**
 * Whether a valid known state differs in status and versions only. Without a version it may have another spec of the
 * same generation, because the API server's store was rolled back.
 */
function hasSameSpec({ sidecarSet, problems }: PreparedSidecarSet, metadata: ObjectMeta): boolean {
  const { resourceVersion, ...before } = sidecarSet.metadata;
  const { resourceVersion: _, ...after } = metadata;
  return problems.length === 0 && resourceVersion !== undefined &&
    after.generation !== undefined && isDeepStrictEqual(before, after);
}
