import type { Labels, LabelSelector, LabelSelectorRequirement } from "../../api/meta.ts";
import { labelValueProblem, qualifiedNameProblem } from "./label_syntax.ts";

/**
 * Whether labels match a selector, as in Kubernetes: an empty selector matches everything, an absent or malformed
 * one nothing.
 *
 * @see `k8s.io/apimachinery/pkg/apis/meta/v1/helpers.go:LabelSelectorAsSelector`
 */
export function matchesSelector(selector: LabelSelector | undefined, labels: Labels): boolean {
  return selector !== undefined && matcherOf(selector)(labels);
}

/** Whether both have the same keys and values. */
export function sameLabels(a: Labels, b: Labels): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
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

/** One requirement on one label. The operator is a string, as a stored object may have any. */
export interface Requirement {
  readonly key: string;
  readonly operator: string;
  readonly values: readonly string[];
}

/** All requirements of a selector, with `matchLabels` as `In` with one value. All must match. */
export function requirementsOf(selector: LabelSelector): readonly Requirement[] {
  return [
    ...Object.entries(selector.matchLabels ?? {}).map(([key, value]) => ({
      key,
      operator: "In",
      values: [value],
    })),
    ...(selector.matchExpressions ?? []).map(({ key, operator, values = [] }) => ({
      key,
      operator,
      values,
    })),
  ];
}

/** Whether the selector has no requirements. */
export function isEmptySelector(selector: LabelSelector): boolean {
  return Object.keys(selector.matchLabels ?? {}).length === 0 &&
    (selector.matchExpressions ?? []).length === 0;
}

/** A label that every match of a selector has. */
export interface RequiredLabel {
  readonly key: string;
  /** Its possible values without duplicates, never empty; undefined for any. */
  readonly values?: readonly string[];
}

/**
 * Labels that a selected Pod must have, one for each `matchLabels` entry, `In` and `Exists` requirement: keys of the
 * inverted index. A selector without any is matched against every Pod.
 */
export function requiredLabels(selector: LabelSelector): readonly RequiredLabel[] {
  return requirementsOf(selector).flatMap(({ key, operator, values }) => {
    if (operator === "Exists") return [{ key }];
    return operator === "In" && values.length > 0 ? [{ key, values: [...new Set(values)] }] : [];
  });
}
