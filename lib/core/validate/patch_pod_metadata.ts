import * as z from "zod/mini";
import { type Labels, labelSelector } from "../../api/meta.ts";
import { ALLOW_LIST_CONFIG_MAP, ALLOW_LIST_KEY } from "../../api/names.ts";
import { preview, readAs, withoutNulls } from "../../api/read.ts";
import { patchPolicies } from "../../api/sidecarset.ts";
import { compilePattern } from "../pattern.ts";
import { matchesSelector } from "../select/label_selector.ts";
import type { Field } from "./field.ts";
import type { Subject } from "./input.ts";
import { checkAnnotations } from "./metadata.ts";
import { checkOneOf } from "./syntax.ts";

/** Reserved prefixes: annotations that Kubernetes and OpenKruise act on. */
const RESERVED_PREFIX = /(^|\.)(kruise\.io|kubernetes\.io|k8s\.io)\//;

/**
 * `patchPodMetadata`: valid annotations, each key once.
 *
 * @see
 * `openkruise/kruise/pkg/webhook/sidecarset/validating/sidecarset_create_update_handler.go:validateSidecarSetPodMetadata`
 */
export function checkPatchPodMetadata({ spec }: Subject): void {
  const seen = new Set<string>();
  for (const entry of spec.member("patchPodMetadata").items()) {
    checkOneOf(entry.member("patchPolicy"), patchPolicies);
    const annotations = entry.member("annotations");
    if (annotations.entries().length === 0) annotations.required("must have an annotation");
    checkAnnotations(annotations);
    for (const [key, field] of annotations.entries()) {
      if (seen.has(key)) {
        field.duplicate(`must not be set twice, annotation ${key} has another entry`);
      }
      seen.add(key);
    }
  }
}

/**
 * Which annotations are allowed: all but reserved ones, and all in the allow-list. If a list is required, only
 * those in it, as in OpenKruise.
 *
 * @see
 * `openkruise/kruise/pkg/webhook/sidecarset/validating/sidecarset_create_update_handler.go:validateSidecarSetPodMetadata`
 */
export function checkAllowedAnnotations({ spec, metadata, input }: Subject): void {
  const { allowList, requireAllowList } = input;
  const keys: [string, Field][] = spec.member("patchPodMetadata").items()
    .flatMap((entry) => entry.member("annotations").entries())
    .filter(([key]) => requireAllowList || RESERVED_PREFIX.test(key));
  if (keys.length === 0) return;
  const labels = Object.fromEntries(
    metadata.member("labels").entries().map(([key, value]) => [key, value.text()]),
  );
  const allowed = allowList === undefined ? undefined : readAllowList(allowList, labels);
  for (const [key, field] of keys) {
    const why = RESERVED_PREFIX.test(key)
      ? `the prefix of ${key} is reserved`
      : `only the allow-list allows ${key}`;
    if (allowed?.ok === false) field.forbidden(`cannot be allowed because ${allowed.problem}`);
    else if (!allowed?.names(key)) {
      field.forbidden(
        `must not be set because ${why}: name it in ${ALLOW_LIST_KEY} of ConfigMap ${ALLOW_LIST_CONFIG_MAP}` +
          " for this SidecarSet's labels",
      );
    }
  }
}

const allowList = z.looseObject({
  rules: z.optional(z.array(z.looseObject({
    selector: z.optional(labelSelector),
    allowedAnnotationKeyExprs: z.optional(z.array(z.string())),
  }))),
});

/** Annotation keys that the allow-list allows a SidecarSet, or the problem in the list. */
type AllowedKeys =
  | { readonly ok: true; names(key: string): boolean }
  | { readonly ok: false; readonly problem: string };

/**
 * Reads the allow-list: rules for SidecarSets with certain labels, each with regular expressions for annotation keys.
 *
 * @param text the ConfigMap's text.
 * @param labels the SidecarSet's labels.
 * @see `openkruise/kruise/pkg/webhook/sidecarset/validating/sidecarset_create_update_handler.go:validateSidecarSetPatchMetadataWhitelist`
 */
function readAllowList(text: string, labels: Labels): AllowedKeys {
  const where = `${ALLOW_LIST_KEY} of ConfigMap ${ALLOW_LIST_CONFIG_MAP}`;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { ok: false, problem: `${where} is not JSON: fix the ConfigMap` };
  }
  const read = readAs(allowList, withoutNulls(json));
  if (!read.ok) {
    const [first] = read.problems;
    return {
      ok: false,
      problem: `${where}: ${first?.field} ${first?.message}: fix the ConfigMap`,
    };
  }
  const patterns: ((key: string) => boolean)[] = [];
  for (const { selector, allowedAnnotationKeyExprs = [] } of read.value.rules ?? []) {
    if (selector !== undefined && !matchesSelector(selector, labels)) continue;
    for (const expression of allowedAnnotationKeyExprs) {
      const pattern = compilePattern(expression);
      if (!pattern.ok) {
        const problem = `${where}: ${preview(expression)} ${pattern.problem}: fix the ConfigMap`;
        return { ok: false, problem };
      }
      patterns.push(pattern.matches);
    }
  }
  return { ok: true, names: (key) => patterns.some((matches) => matches(key)) };
}
