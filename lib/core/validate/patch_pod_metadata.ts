import * as z from "zod/mini";
import { type Labels, labelSelector } from "../../api/meta.ts";
import { ALLOW_LIST_CONFIG_MAP, ALLOW_LIST_KEY } from "../../api/names.ts";
import { preview, readAs, withoutNulls } from "../../api/read.ts";
import { patchPolicies } from "../../api/sidecarset.ts";
import { compilePattern } from "../pattern.ts";
import { matchesSelector } from "../select/label_selector.ts";
import type { Field } from "./field.ts";
import type { ContentSubject, Subject } from "./input.ts";
import { checkAnnotations, checkLabels } from "./metadata.ts";
import { checkOneOf } from "./syntax.ts";

/** Reserved prefixes: annotations and labels that Kubernetes and OpenKruise act on. */
const RESERVED_PREFIX = /(^|\.)(kruise\.io|kubernetes\.io|k8s\.io)\//;

/** Labels without a prefix that workload controllers find their Pods by. */
const WORKLOAD_LABELS: ReadonlySet<string> = new Set([
  "controller-revision-hash",
  "controller-uid",
  "job-name",
  "pod-template-generation",
  "pod-template-hash",
]);

/**
 * `patchPodMetadata`: valid annotations and labels, each key once. The selector of the SidecarSet must not use its
 * own labels, or they would decide whether it selects the Pods that it has patched.
 *
 * @see `pkg/webhook/sidecarset/validating/sidecarset_create_update_handler.go:validateSidecarSetPodMetadata`
 */
export function checkPatchPodMetadata({ spec }: ContentSubject): void {
  const seen = { annotations: new Set<string>(), labels: new Set<string>() };
  for (const entry of spec.member("patchPodMetadata").items()) {
    const policy = entry.member("patchPolicy");
    checkOneOf(policy, patchPolicies);
    const annotations = entry.member("annotations");
    const labels = entry.member("labels");
    if (annotations.entries().length === 0 && labels.entries().length === 0) {
      annotations.required("must have an annotation, or use labels");
    }
    if (policy.text() === "MergePatchJson" && labels.entries().length > 0) {
      labels.forbidden(
        "must not be set with patchPolicy MergePatchJson: a label's value is no JSON object; use Retain or Overwrite",
      );
    }
    checkAnnotations(annotations);
    checkLabels(labels);
    for (const [key, field] of annotations.entries()) {
      if (seen.annotations.has(key)) {
        field.duplicate(`must not be set twice, annotation ${key} has another entry`);
      }
      seen.annotations.add(key);
    }
    for (const [key, field] of labels.entries()) {
      if (seen.labels.has(key)) {
        field.duplicate(`must not be set twice, label ${key} has another entry`);
      }
      seen.labels.add(key);
      checkSelectingLabel(key, { field, spec });
    }
  }
}

/** Labels that decide which Pods this SidecarSet, or the workload's controller, finds. */
function checkSelectingLabel(key: string, { field, spec }: { field: Field; spec: Field }): void {
  const selector = spec.member("selector");
  const keys = [
    ...selector.member("matchLabels").entries().map(([label]) => label),
    ...selector.member("matchExpressions").items().map((each) => each.member("key").text()),
  ];
  if (keys.includes(key)) {
    field.forbidden(
      `must not be set because spec.selector uses label ${key}: use another label, here or there`,
    );
  }
  if (WORKLOAD_LABELS.has(key)) {
    field.forbidden(`must not be set because controllers find their Pods by ${key}: use another`);
  }
}

/**
 * Which annotations and labels are allowed: all but reserved ones, and all in the allow-list. If a list is required,
 * only those in it, as in OpenKruise.
 *
 * @see `pkg/webhook/sidecarset/validating/sidecarset_create_update_handler.go:validateSidecarSetPodMetadata`
 */
export function checkAllowedMetadata({ spec, metadata, input }: Subject): void {
  const { allowList, requireAllowList } = input;
  const patches = spec.member("patchPodMetadata").items();
  const keys = (["annotations", "labels"] as const).flatMap((kind) =>
    patches.flatMap((entry) => entry.member(kind).entries())
      .filter(([key]) => requireAllowList || RESERVED_PREFIX.test(key))
      .map(([key, field]) => ({ kind, key, field }))
  );
  if (keys.length === 0) return;
  const labels = Object.fromEntries(
    metadata.member("labels").entries().map(([key, value]) => [key, value.text()]),
  );
  const allowed = allowList === undefined ? undefined : readAllowList(allowList, labels);
  for (const { kind, key, field } of keys) {
    const why = RESERVED_PREFIX.test(key)
      ? `the prefix of ${key} is reserved`
      : `only the allow-list allows ${key}`;
    if (allowed?.ok === false) field.forbidden(`cannot be allowed because ${allowed.problem}`);
    else if (!allowed?.allows(kind, key)) {
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
    /** Not in OpenKruise, which ignores it. */
    allowedLabelKeyExprs: z.optional(z.array(z.string())),
  }))),
});

type Kind = "annotations" | "labels";

/** Keys that the allow-list allows a SidecarSet, or the problem in the list. */
type AllowedKeys =
  | { readonly ok: true; allows(kind: Kind, key: string): boolean }
  | { readonly ok: false; readonly problem: string };

/**
 * Reads the allow-list: rules for SidecarSets with certain labels, each with regular expressions for annotation and for
 * label keys.
 *
 * @param text the ConfigMap's text.
 * @param labels the SidecarSet's labels.
 * @see `pkg/webhook/sidecarset/validating/sidecarset_create_update_handler.go:validateSidecarSetPatchMetadataWhitelist`
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
  const patterns: Record<Kind, ((key: string) => boolean)[]> = { annotations: [], labels: [] };
  for (const rule of read.value.rules ?? []) {
    const { selector, allowedAnnotationKeyExprs = [], allowedLabelKeyExprs = [] } = rule;
    if (selector !== undefined && !matchesSelector(selector, labels)) continue;
    const expressions = { annotations: allowedAnnotationKeyExprs, labels: allowedLabelKeyExprs };
    for (const kind of ["annotations", "labels"] as const) {
      for (const expression of expressions[kind]) {
        const pattern = compilePattern(expression);
        if (!pattern.ok) {
          const problem = `${where}: ${preview(expression)} ${pattern.problem}: fix the ConfigMap`;
          return { ok: false, problem };
        }
        patterns[kind].push(pattern.matches);
      }
    }
  }
  return { ok: true, allows: (kind, key) => patterns[kind].some((matches) => matches(key)) };
}
