import type { Labels, LabelSelector, LabelSelectorRequirement } from "../../api/meta.ts";
import { labelValueProblem, qualifiedNameProblem } from "./label_syntax.ts";
import { type Requirement, requirementsOf } from "./requirements.ts";

/**
 * Whether labels match a selector, as in Kubernetes: an empty selector matches everything, an absent or malformed
 * one nothing.
 *
 * @see `k8s.io/apimachinery/pkg/apis/meta/v1/helpers.go:LabelSelectorAsSelector`
 */
export function matchesSelector(selector: LabelSelector | undefined, labels: Labels): boolean {
  return selector !== undefined && matcherOf(selector)(labels);
}

/** Precompiles {@linkcode matchesSelector} for a selector that is matched often. */
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
    // The syntax check comes last, as it costs more and most selectors do not match.
    isMalformed ??= !requirementsOf(selector).every(isWellFormed);
    return !isMalformed;
  };
}

/** Whether one requirement matches; its syntax is not checked. */
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
