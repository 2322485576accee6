import { labelSelector } from "../../../lib/api/meta.ts";
import { isObject } from "../../../lib/api/json.ts";
import { readAs } from "../../../lib/api/read.ts";
import { matchesSelector } from "../../../lib/core/select/label_selector.ts";
import type { ValidationCase } from "./validation_case.ts";

/**
 * Whether an annotation is refused although OpenKruise, its gate being on, lets it pass for want of a rule:
 * a reserved one without an allow-list, or any one with a list that has no rule for the SidecarSet.
 */
export function hasUnlistedKeys({ object, allowList, requireAllowList }: ValidationCase): boolean {
  const keys = (object.spec.patchPodMetadata ?? [])
    .flatMap(({ annotations }) => Object.keys(annotations ?? {}));
  if (requireAllowList) return false;
  if (allowList === undefined) return keys.some(isReserved);
  return keys.length > 0 && !hasRuleFor(allowList, object.metadata.labels ?? {});
}

function isReserved(key: string): boolean {
  const [prefix = ""] = key.split("/");
  const domains = ["kruise.io", "kubernetes.io", "k8s.io"];
  return key.includes("/") &&
    domains.some((domain) => prefix === domain || prefix.endsWith(`.${domain}`));
}

function hasRuleFor(allowList: string, labels: Readonly<Record<string, string>>): boolean {
  return rulesOf(allowList).some((rule) => {
    if (!isObject(rule) || !Array.isArray(rule.allowedAnnotationKeyExprs)) return false;
    const selector = readAs(labelSelector, rule.selector ?? {});
    return rule.allowedAnnotationKeyExprs.length > 0 && selector.ok &&
      matchesSelector(selector.value, labels);
  });
}

/** None where the text is not JSON; then OpenKruise refuses too. */
function rulesOf(allowList: string): unknown[] {
  try {
    const list: unknown = JSON.parse(allowList);
    return isObject(list) && Array.isArray(list.rules) ? list.rules : [];
  } catch {
    return [];
  }
}
