import type { LabelSelector } from "../../api/meta.ts";
import { requirementsOf } from "./requirements.ts";

/** A label that everything a selector matches has, and the values it may have. */
export interface RequiredPair {
  readonly key: string;
  /** Without duplicates; never empty. */
  readonly values: readonly string[];
}

/**
 * The label pairs that a Pod must have to be selected, one for each `matchLabels` entry and `In` requirement.
 * A selector without any can only be found by trying it.
 */
export function requiredPairs(selector: LabelSelector): readonly RequiredPair[] {
  return requirementsOf(selector)
    .filter(({ operator, values }) => operator === "In" && values.length > 0)
    .map(({ key, values }) => ({ key, values: [...new Set(values)] }));
}
