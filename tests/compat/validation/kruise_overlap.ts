import type { LabelSelector } from "../../../lib/api/meta.ts";
import { NAMESPACE_NAME_LABEL } from "../../../lib/api/names.ts";
import type { SidecarSet } from "../../../lib/api/sidecarset.ts";
import { type Requirement, requirementsOf } from "../../../lib/core/select/label_selector.ts";

/**
 * Whether OpenKruise takes two SidecarSets for such that can select the same Pods
 * (`pkg/util/selector.go:IsSelectorOverlapping`).
 */
export function overlapsForKruise(a: SidecarSet, b: SidecarSet): boolean {
  const [namespacesOfA, namespacesOfB] = [a, b].map(convertedNamespaceSelector);
  if (namespacesOfA && namespacesOfB && !overlaps(namespacesOfA, namespacesOfB)) return false;
  return overlaps(a.spec.selector ?? {}, b.spec.selector ?? {});
}

/** In v1beta1 there is no `namespace`; on conversion from v1alpha1 it takes the place of the selector (B-30). */
function convertedNamespaceSelector({ apiVersion, spec }: SidecarSet): LabelSelector | undefined {
  if (apiVersion?.endsWith("/v1alpha1") && spec.namespace) {
    return { matchLabels: { [NAMESPACE_NAME_LABEL]: spec.namespace } };
  }
  return spec.namespaceSelector;
}

function overlaps(a: LabelSelector, b: LabelSelector): boolean {
  return !isDisjointFrom(a, b) && !isDisjointFrom(b, a);
}

function isDisjointFrom(a: LabelSelector, b: LabelSelector): boolean {
  const mentioned = new Map<string, { all: boolean; values: string[] }>();
  for (const { key, operator, values } of requirementsOf(a)) {
    if (operator !== "In" && operator !== "Exists") continue;
    const entry = mentioned.get(key) ?? { all: false, values: [] };
    entry.values.push(...values);
    entry.all ||= operator === "Exists";
    mentioned.set(key, entry);
  }
  return requirementsOf(b).some((requirement) =>
    rulesOut(requirement, mentioned.get(requirement.key))
  );
}

function rulesOut(
  { operator, values }: Requirement,
  mentioned: { all: boolean; values: string[] } | undefined,
): boolean {
  if (operator === "Exists") return mentioned === undefined;
  if (mentioned === undefined) return false;
  switch (operator) {
    case "In":
      return !mentioned.all && !values.some((value) => mentioned.values.includes(value));
    case "NotIn":
      return !mentioned.all && mentioned.values.every((value) => values.includes(value));
    default:
      return operator === "DoesNotExist";
  }
}
