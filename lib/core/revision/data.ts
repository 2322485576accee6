import { createHash } from "node:crypto";
import { isObject } from "../../api/json.ts";
import type { SidecarSetSpec } from "../../api/sidecarset.ts";
import { goJson } from "../json/go_json.ts";
import { memoizedText } from "../memoized.ts";
import { sidecarContainerType } from "./container_type.ts";
import { any, type GoType, goValue, list, map, omittable, string, struct } from "./go_types.ts";
import { fnv32, safeEncode } from "./hash.ts";
import { volumeType } from "./volume_type.ts";

/** The injected parts of a spec that OpenKruise has too. */
const sharedFields = {
  containers: list(sidecarContainerType),
  initContainers: list(sidecarContainerType),
  volumes: list(volumeType),
  imagePullSecrets: list(struct({ name: omittable(string) })),
  patchPodMetadata: list(struct({
    annotations: omittable(map(string)),
    patchPolicy: omittable(string),
    labels: omittable(map(string)),
  })),
} as const satisfies Readonly<Record<string, GoType>>;

/** The other injected parts: left out where they are absent, so that the text stays OpenKruise's. */
const addedFields = {
  patchContainers: list(any),
} as const satisfies Readonly<Record<string, GoType>>;

const revisedFields = { ...sharedFields, ...addedFields };
type RevisedField = keyof typeof revisedFields;

/** The fields of a spec that make a revision, in alphabetical order. */
export const revisedFieldNames = Object.keys(revisedFields).sort() as readonly RevisedField[];

/**
 * The `data` of the ControllerRevision of a spec, as JSON text: a strategic merge patch that replaces the spec.
 * It is the same text as OpenKruise's, except that fields which OpenKruise would drop are in it too.
 *
 * @param spec with defaults applied.
 * @see `pkg/control/sidecarcontrol/history_control.go:getPatch`
 */
export function revisionData(spec: Pick<SidecarSetSpec, RevisedField>): string {
  const parts = revisedFieldNames
    .filter((field) => !(field in addedFields) || (spec[field] ?? []).length > 0)
    .map((field) => `"${field}":${partText(field, spec[field])}`);
  return `{"spec":{"$patch":"replace",${parts.join(",")}}}`;
}

/** Null if absent or an empty list. */
function partText(field: RevisedField, items: readonly unknown[] | undefined): string {
  return items === undefined || items.length === 0 ? "null" : listTexts[field](items);
}

/** Room for the texts of a few dozen templates. */
const LIMITS = { maxCharacters: 2 ** 18 };

/** Computed once for the thousands of SidecarSets that share the lists of a template. */
const listTexts = Object.fromEntries(
  revisedFieldNames.map((field) => [
    field,
    memoizedText(
      (items: readonly unknown[]) =>
        goJson(goValue(revisedFields[field], items, { unknownFields: "keep" })),
      LIMITS,
    ),
  ]),
) as Readonly<Record<RevisedField, (items: readonly unknown[]) => string>>;

/**
 * The `data` of a stored ControllerRevision as {@linkcode revisionData} writes it. Kubernetes before 1.34 stores data
 * that is no object, too.
 */
export function storedRevisionData({ data }: { readonly data?: unknown }): string {
  return isObject(data) ? storedText(data) : goJson(data);
}

/** Equal data is one object in the index. */
const storedText = memoizedText(goJson, LIMITS);

/**
 * Hash of `patchContainers`, which Pods record; absent without any. It is none of OpenKruise's two hashes, which do
 * not cover the field.
 */
export function patchHashOf(
  { patchContainers = [] }: SidecarSetSpec,
): { readonly patchHash?: string } {
  if (patchContainers.length === 0) return {};
  const digest = createHash("sha256").update(goJson(patchContainers)).digest("hex");
  return { patchHash: safeEncode(digest) };
}

/**
 * The end of a revision's name, also its `controller.kubernetes.io/hash` label.
 *
 * @see `k8s.io/kubernetes/pkg/controller/history/controller_history.go:HashControllerRevision`
 */
export function revisionHash(data: string, collisionCount: number): string {
  return safeEncode(String(fnv32(`${data}${collisionCount}`)));
}
