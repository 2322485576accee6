import { fieldPath } from "../../../lib/api/problems.ts";
import { isObject } from "../../../lib/api/json.ts";
import type { Verdict } from "../contract.ts";

export interface Compared {
  readonly actual: unknown;
  readonly expected: unknown;
  /** Numbers of the departures that the case falls under. */
  readonly departures?: readonly string[];
}

/** The verdict on two JSON values that should be equal, whatever the order of their members. */
export function verdictOn({ actual, expected, departures = [] }: Compared): Verdict {
  const difference = firstDifference(actual, expected);
  return difference === undefined
    ? { passed: true, departures }
    : { passed: false, departures, difference };
}

function firstDifference(
  actual: unknown,
  expected: unknown,
  path: readonly PropertyKey[] = [],
): string | undefined {
  if (Array.isArray(actual) && Array.isArray(expected)) {
    return firstOf(
      Math.max(actual.length, expected.length),
      (i) => firstDifference(actual[i], expected[i], [...path, i]),
    );
  }
  if (isObject(actual) && isObject(expected)) {
    const keys = [...new Set([...Object.keys(expected), ...Object.keys(actual)])];
    return firstOf(keys.length, (i) => {
      const key = keys[i] ?? "";
      return firstDifference(actual[key], expected[key], [...path, key]);
    });
  }
  if (Object.is(actual, expected)) return undefined;
  return `${fieldPath(path)}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`;
}

function firstOf(
  length: number,
  differenceAt: (index: number) => string | undefined,
): string | undefined {
  for (let i = 0; i < length; i++) {
    const difference = differenceAt(i);
    if (difference !== undefined) return difference;
  }
  return undefined;
}
