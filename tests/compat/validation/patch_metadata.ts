import { labelSelector } from "../../../lib/api/meta.ts";
import { isObject } from "../../../lib/api/json.ts";
import { readAs } from "../../../lib/api/read.ts";
import { matchesSelector } from "../../../lib/core/select/label_selector.ts";
import type { ValidationCase } from "./validation_case.ts";

/** Whether a reserved annotation is refused although OpenKruise, its gate being on, lets it pass for want of a rule. */
export function hasRefusedKeys(testCase: ValidationCase): boolean {
  if (testCase.requireAllowList || hasRule(testCase)) return false;
  return keysOf(testCase).some(isReserved);
}

/**
 * Whether OpenKruise, its gate being on, refuses ordinary annotations because a rule names others, or because the
 * list is not JSON; reserved ones are refused here too.
 */
export function hasAllowedKeys(testCase: ValidationCase): boolean {
  const keys = keysOf(testCase);
  return !testCase.requireAllowList && testCase.allowList !== undefined && keys.length > 0 &&
    !keys.some(isReserved);
}

function keysOf({ object }: ValidationCase): string[] {
  return (object.spec.patchPodMetadata ?? [])
    .flatMap(({ annotations }) => Object.keys(annotations ?? {}));
}

function hasRule({ allowList, object }: ValidationCase): boolean {
  return allowList !== undefined && hasRuleFor(allowList, object.metadata.labels ?? {});
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
