import type { Labels, LabelSelector, LabelSelectorRequirement } from "../../api/meta.ts";
import { labelValueProblem, qualifiedNameProblem } from "./label_syntax.ts";
import { type Requirement, requirementsOf } from "./requirements.ts";

/**
 * Whether labels satisfy a selector, as Kubernetes decides it: an empty selector matches everything, an absent one nothing,
 * and one that is malformed anywhere nothing either.
 *
 * @see `k8s.io/apimachinery/pkg/apis/meta/v1/helpers.go:LabelSelectorAsSelector`
 */
export function matchesSelector(selector: LabelSelector | undefined, labels: Labels): boolean {
  return selector !== undefined && matcherOf(selector)(labels);
}

/** The same for a selector that many labels are held against. */
export function matcherOf(selector: LabelSelector): (labels: Labels) => boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector;
  const keys = Object.keys(matchLabels);
  let isMalformed: boolean | undefined;
  return (labels) => {
    for (const key of keys) {
      if (!Object.hasOwn(labels, key) || labels[key] !== matchLabels[key]) return false;
    }
    for (const requirement of matchExpressions) {
      if (!holds(requirement, labels)) return false;
    }
    // Syntax comes last because it costs more and most selectors fail before.
    isMalformed ??= !requirementsOf(selector).every(isWellFormed);
    return !isMalformed;
  };
}

/** Whether one requirement holds, its syntax left aside. */
export function holds(
  { key, operator, values = [] }: Requirement | LabelSelectorRequirement,
  labels: Labels,
): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    default:
      return false;
  }
}

/** Whether Kubernetes accepts a requirement: a known operator, the values it takes, and their syntax. */
export function isWellFormed({ key, operator, values }: Requirement): boolean {
  const takesValues = operator === "In" || operator === "NotIn";
  return takesValues === values.length > 0 &&
    qualifiedNameProblem(key) === undefined &&
    values.every((value) => labelValueProblem(value) === undefined);
}
