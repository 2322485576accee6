import type { LabelSelector } from "../../api/meta.ts";

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

/** A label that every match of a selector has, and its possible values. */
export interface RequiredPair {
  readonly key: string;
  /** Without duplicates; never empty. */
  readonly values: readonly string[];
}

/**
 * Label pairs that a selected Pod must have, one for each `matchLabels` entry and `In` requirement: keys of the
 * inverted index. A selector without any is matched against every Pod.
 */
export function requiredPairs(selector: LabelSelector): readonly RequiredPair[] {
  return requirementsOf(selector)
    .filter(({ operator, values }) => operator === "In" && values.length > 0)
    .map(({ key, values }) => ({ key, values: [...new Set(values)] }));
}
