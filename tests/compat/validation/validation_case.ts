import type { ControllerRevision } from "../../../lib/api/objects.ts";
import { isObject } from "../../../lib/api/json.ts";
import { ALLOW_LIST_KEY } from "../../../lib/api/names.ts";
import { withoutNulls } from "../../../lib/api/read.ts";
import type { SidecarSet } from "../../../lib/api/sidecarset.ts";

export interface RecordedError {
  readonly field: string;
  readonly type: string;
}

/** What OpenKruise's validating webhook says of `object`. */
export interface ValidationCase {
  readonly operation: "CREATE" | "UPDATE";
  /** Read as a SidecarSet where it is one; its fields may hold anything. */
  readonly object: SidecarSet;
  readonly old?: SidecarSet;
  readonly others: readonly SidecarSet[];
  readonly revisions: readonly ControllerRevision[];
  readonly allowList?: string;
  /** The gate `SidecarSetPatchPodMetadataDefaultsAllowed` is off. */
  readonly requireAllowList: boolean;
  readonly allowed: boolean;
  readonly errors: readonly RecordedError[];
}

/** Reads a case as it is stored; lists that are absent are empty. */
export function readValidationCase(testCase: Record<string, unknown>): ValidationCase {
  const { operation, object, old, others = [], revisions = [], allowed, errors } = testCase;
  if (
    (operation !== "CREATE" && operation !== "UPDATE") || typeof allowed !== "boolean" ||
    !isList(errors, isRecordedError) || !isList(revisions, isRevision)
  ) {
    throw new Error(
      "Cannot read the case as one of validation: a field is missing or of another type",
    );
  }
  return {
    operation,
    object: asSidecarSet(object),
    ...(old === undefined ? {} : { old: asSidecarSet(old) }),
    others: Array.isArray(others) ? others.map(asSidecarSet) : [],
    revisions,
    ...allowListOf(testCase.configMap),
    requireAllowList: !isObject(testCase.featureGates) ||
      testCase.featureGates.SidecarSetPatchPodMetadataDefaultsAllowed !== true,
    allowed,
    errors,
  };
}

/** Init containers and containers with their paths. */
export function containersOf({ spec }: SidecarSet) {
  return (["containers", "initContainers"] as const).flatMap((list) =>
    (spec[list] ?? []).map((container, i) => ({ list, container, path: `spec.${list}[${i}]` }))
  );
}

function allowListOf(configMap: unknown): { allowList?: string } {
  if (!isObject(configMap) || !isObject(configMap.data)) return {};
  const text = configMap.data[ALLOW_LIST_KEY];
  return typeof text === "string" ? { allowList: text } : {};
}

function asSidecarSet(value: unknown): SidecarSet {
  const cleaned = withoutNulls(value);
  if (!isSidecarSet(cleaned)) throw new Error("Cannot read a SidecarSet without metadata and spec");
  return cleaned;
}

function isSidecarSet(value: unknown): value is SidecarSet {
  return isObject(value) && isObject(value.metadata) && isObject(value.spec);
}

function isRecordedError(value: unknown): value is RecordedError {
  return isObject(value) && typeof value.field === "string" && typeof value.type === "string";
}

function isRevision(value: unknown): value is ControllerRevision {
  return isObject(value) && isObject(value.metadata);
}

function isList<T>(value: unknown, isItem: (item: unknown) => item is T): value is T[] {
  return Array.isArray(value) && value.every(isItem);
}
