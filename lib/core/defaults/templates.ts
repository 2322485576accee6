import { isDeepStrictEqual } from "node:util";
import { isObject, isTooDeep } from "../../api/json.ts";
import type { Read } from "../../api/problems.ts";
import { readAs, withoutNulls } from "../../api/read.ts";
import { type SidecarSet, sidecarSet } from "../../api/sidecarset.ts";
import { BoundedMap } from "../bounded_map.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { prepareSidecarSet, type ProblemsOf } from "./prepare.ts";

const LIMITS = { maxEntries: 1_000, maxCharacters: 2_000_000 };

/** What valid SidecarSets have in common that differ in metadata, selection and status only. */
interface Template extends Pick<PreparedSidecarSet, "hash" | "hashWithoutImage" | "patchHash"> {
  readonly head: Omit<SidecarSet, "metadata" | "spec" | "status">;
  readonly content: Omit<SidecarSet["spec"], "selector" | "namespace" | "namespaceSelector">;
  /** Those of most are the same, as they record the same hashes. */
  readonly annotations: SidecarSet["metadata"]["annotations"];
}

/**
 * Creates a {@linkcode prepareSidecarSet} for thousands of SidecarSets, which are made from few templates: their
 * containers are read, checked, hashed and kept once.
 */
export function createTemplates(
  problemsOf: ProblemsOf,
): (raw: unknown) => Read<PreparedSidecarSet> {
  const templates = new BoundedMap<Template>(LIMITS);

  return (raw) => {
    const parts = isTooDeep(raw) ? undefined : divide(raw);
    const template = parts && templates.get(parts.key);
    if (template) {
      const own = readAs(sidecarSet, withoutNulls(parts.own));
      if (own.ok) return { ok: true, value: instanceOf(template, own.value, problemsOf) };
    }
    const read = prepareSidecarSet(raw, { problemsOf });
    if (parts && read.ok && read.value.problems.length === 0) {
      templates.add(parts.key, templateOf(read.value));
    }
    return read;
  };
}

/** Divides a SidecarSet into a text that is equal for those of one template, and its own part. */
function divide(raw: unknown): { readonly key: string; readonly own: unknown } | undefined {
  if (!isObject(raw) || !isObject(raw.spec)) return undefined;
  const { metadata, spec, status = null, ...head } = raw;
  const { selector = null, namespace = null, namespaceSelector = null, ...content } = spec;
  return {
    key: JSON.stringify([head, content]),
    own: { metadata, spec: { selector, namespace, namespaceSelector }, status },
  };
}

function templateOf(
  { sidecarSet, hash, hashWithoutImage, patchHash }: PreparedSidecarSet,
): Template {
  const { metadata: { annotations }, spec, status: _, ...head } = sidecarSet;
  const { selector: __, namespace: ___, namespaceSelector: ____, ...content } = spec;
  const hashes = { hash, hashWithoutImage, ...(patchHash === undefined ? {} : { patchHash }) };
  return { head, content, annotations, ...hashes };
}

function instanceOf(
  { head, content, annotations, ...hashes }: Template,
  { metadata, spec, status }: SidecarSet,
  problemsOf: ProblemsOf,
): PreparedSidecarSet {
  const isShared = annotations !== undefined &&
    isDeepStrictEqual(metadata.annotations, annotations);
  const sidecarSet = {
    ...head,
    metadata: isShared ? { ...metadata, annotations } : metadata,
    spec: { ...spec, ...content },
    ...(status ? { status } : {}),
  };
  return {
    name: metadata.name ?? "",
    sidecarSet,
    ...hashes,
    revisionName: "",
    problems: problemsOf(sidecarSet, { isContentValid: true }),
  };
}
