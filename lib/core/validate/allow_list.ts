import * as z from "zod/mini";
import { ALLOW_LIST_CONFIG_MAP, ALLOW_LIST_KEY } from "../../api/names.ts";
import { type Labels, labelSelector } from "../../api/meta.ts";
import { preview, readAs, withoutNulls } from "../../api/read.ts";
import { compilePattern } from "../pattern.ts";
import { matchesSelector } from "../select/label_selector.ts";

const allowList = z.looseObject({
  rules: z.optional(z.array(z.looseObject({
    selector: z.optional(labelSelector),
    allowedAnnotationKeyExprs: z.optional(z.array(z.string())),
  }))),
});

/** Annotation keys that the allow-list allows a SidecarSet, or the problem in the list. */
export type AllowedKeys =
  | { readonly ok: true; names(key: string): boolean }
  | { readonly ok: false; readonly problem: string };

/**
 * Reads the allow-list: rules for SidecarSets with certain labels, each with regular expressions for annotation keys.
 *
 * @param text the ConfigMap's text.
 * @param labels the SidecarSet's labels.
 * @see `openkruise/kruise/pkg/webhook/sidecarset/validating/sidecarset_create_update_handler.go:validateSidecarSetPatchMetadataWhitelist`
 */
export function readAllowList(text: string, labels: Labels): AllowedKeys {
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
