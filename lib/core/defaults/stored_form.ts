import { isObject } from "../../api/json.ts";
import { withoutNulls } from "../../api/read.ts";
import { hashSidecarSet } from "../revision/hash.ts";
import { withHashAnnotations } from "../revision/hash_annotations.ts";
import type { JsonRecord } from "./fill.ts";
import { applyDefaults } from "./sidecarset.ts";

export interface StoredFormOptions {
  /**
   * Whether to leave the spec without defaults. The hashes are those of the defaulted spec either way.
   * @default false
   */
  readonly omitsDefaults?: boolean;
}

/**
 * The SidecarSet as the defaulting webhook returns it: with defaults, and current hashes in its annotations. It
 * runs before schema validation, so parts of another type stay as they are.
 *
 * @see `pkg/webhook/sidecarset/mutating/sidecarset_create_update_handler.go:Handle`
 */
export function storedForm(
  sidecarSet: JsonRecord,
  { omitsDefaults = false }: StoredFormOptions = {},
): JsonRecord {
  const cleaned = withoutNulls(sidecarSet);
  if (!isObject(cleaned)) return sidecarSet;
  const defaulted = applyDefaults(cleaned);
  const kept = omitsDefaults ? sidecarSet : defaulted;
  const { spec } = defaulted;
  if (!isObject(spec)) return kept;
  const hashes = hashSidecarSet({
    containers: objectsOf(spec.containers),
    initContainers: objectsOf(spec.initContainers),
  });
  return withHashAnnotations(kept, hashes);
}

function objectsOf(value: unknown): JsonRecord[] | undefined {
  return Array.isArray(value) ? value.filter(isObject) : undefined;
}
