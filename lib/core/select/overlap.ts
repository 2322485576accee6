import type { LabelSelector } from "../../api/meta.ts";
import { NAMESPACE_NAME_LABEL } from "../../api/names.ts";
import type { Selection } from "./pod_selection.ts";
import { type Requirement, requirementsOf } from "./label_selector.ts";

/**
 * Whether some labels match both selectors. Exact: requirements on different keys are independent, so each key is
 * checked separately for a value, or its absence, that satisfies all requirements.
 *
 * Replaces `openkruise/kruise/pkg/util/selector.go:IsSelectorOverlapping`, which reports some overlapping selectors
 * as disjoint (B-31).
 */
export function selectorsOverlap(a: LabelSelector, b: LabelSelector): boolean {
  return isSatisfiable([...requirementsOf(a), ...requirementsOf(b)]);
}

/** Whether some Pod in some namespace can be selected by both. A SidecarSet without a selector selects none. */
export function selectionsOverlap(a: Selection, b: Selection): boolean {
  if (a.selector === undefined || b.selector === undefined) return false;
  return selectorsOverlap(a.selector, b.selector) &&
    isSatisfiable([...namespaceRequirements(a), ...namespaceRequirements(b)]);
}

function namespaceRequirements({ namespace, namespaceSelector }: Selection): Requirement[] {
  const requirements = [...requirementsOf(namespaceSelector ?? {})];
  if (namespace) {
    requirements.push({ key: NAMESPACE_NAME_LABEL, operator: "In", values: [namespace] });
  }
  return requirements;
}

function isSatisfiable(requirements: readonly Requirement[]): boolean {
  const byKey = new Map<string, Requirement[]>();
  for (const requirement of requirements) {
    const sameKey = byKey.get(requirement.key);
    if (sameKey === undefined) byKey.set(requirement.key, [requirement]);
    else sameKey.push(requirement);
  }
  return [...byKey.values()].every((sameKey) => canBeAbsent(sameKey) || canHaveAValue(sameKey));
}

function canBeAbsent(requirements: readonly Requirement[]): boolean {
  return requirements.every(({ operator }) => operator === "NotIn" || operator === "DoesNotExist");
}

function canHaveAValue(requirements: readonly Requirement[]): boolean {
  if (requirements.some(({ operator }) => operator === "DoesNotExist")) return false;
  const [first, ...others] = requirements.filter(({ operator }) => operator === "In");
  // Without an `In` list, some value is not in any `NotIn` list.
  if (first === undefined) return true;
  const allowed = others.map(({ values }) => new Set(values));
  const refused = requirements.filter(({ operator }) => operator === "NotIn")
    .map(({ values }) => new Set(values));
  return first.values.some((value) =>
    allowed.every((set) => set.has(value)) && !refused.some((set) => set.has(value))
  );
}
