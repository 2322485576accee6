import type { LabelSelector } from "../../api/meta.ts";
import { requirementsOf } from "./requirements.ts";

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
