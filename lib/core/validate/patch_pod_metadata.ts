import { ALLOW_LIST_CONFIG_MAP, ALLOW_LIST_KEY } from "../../api/names.ts";
import { patchPolicies } from "../../api/sidecarset.ts";
import { readAllowList } from "./allow_list.ts";
import type { Field } from "./field.ts";
import type { Subject } from "./input.ts";
import { checkAnnotations } from "./metadata.ts";
import { checkOneOf } from "./syntax.ts";

/** Prefixes of annotations that Kubernetes and OpenKruise act on: a sidecar's author must not set them on somebody's Pods. */
const RESERVED_PREFIX = /(^|\.)(kruise\.io|kubernetes\.io|k8s\.io)\//;

/**
 * Annotations to set on Pods: valid, each key once, and allowed.
 *
 * @see `openkruise/kruise/pkg/webhook/sidecarset/validating/sidecarset_create_update_handler.go:validateSidecarSetPodMetadata`
 */
export function checkPatchPodMetadata({ spec, metadata, input }: Subject): void {
  const entries = spec.member("patchPodMetadata").items();
  if (entries.length === 0) return;
  const keys: [string, Field][] = [];
  for (const entry of entries) {
    checkOneOf(entry.member("patchPolicy"), patchPolicies);
    const annotations = entry.member("annotations");
    if (annotations.entries().length === 0) annotations.required("must have an annotation");
    checkAnnotations(annotations);
    keys.push(...annotations.entries());
  }
  const seen = new Set<string>();
  for (const [key, field] of keys) {
    if (seen.has(key)) {
      field.duplicate(`must not be set twice, annotation ${key} has another entry`);
    }
    seen.add(key);
  }
  const labels = Object.fromEntries(
    metadata.member("labels").entries().map(([key, value]) => [key, value.text()]),
  );
  checkAllowed(keys, { input, labels });
}

function checkAllowed(
  keys: readonly [string, Field][],
  { input, labels }: { input: Subject["input"]; labels: Record<string, string> },
): void {
  if (input.allowList === undefined) {
    for (const [key, field] of keys) {
      if (input.requireAllowList) {
        field.forbidden(
          `must not be set because no allow-list exists: name ${key} in ${ALLOW_LIST_KEY} of ConfigMap ${ALLOW_LIST_CONFIG_MAP}`,
        );
      } else if (RESERVED_PREFIX.test(key)) {
        field.forbidden(
          `must not be set because the prefix of ${key} is reserved, unless ${ALLOW_LIST_KEY} of ConfigMap ${ALLOW_LIST_CONFIG_MAP} names it`,
        );
      }
    }
    return;
  }
  const allowed = readAllowList(input.allowList, labels);
  for (const [key, field] of keys) {
    if (!allowed.ok) field.forbidden(`cannot be allowed because ${allowed.problem}`);
    else if (!allowed.names(key)) {
      field.forbidden(
        `must not be set because ${ALLOW_LIST_KEY} of ConfigMap ${ALLOW_LIST_CONFIG_MAP} does not name ${key} for this SidecarSet's labels`,
      );
    }
  }
}
