import { fieldPath } from "../../../lib/api/problems.ts";
import { isObject } from "../../../lib/api/json.ts";
import type { Verdict } from "../contract.ts";

export interface Compared {
  readonly actual: unknown;
  readonly wanted: unknown;
  /** Numbers of the departures that the case falls under. */
  readonly departures?: readonly string[];
}

/** The verdict on two JSON values that should be equal, whatever the order of their members. */
export function verdictOn({ actual, wanted, departures = [] }: Compared): Verdict {
  const difference = firstDifference(actual, wanted);
  return difference === undefined
    ? { passed: true, departures }
    : { passed: false, departures, difference };
}

function firstDifference(
  actual: unknown,
  wanted: unknown,
  path: readonly PropertyKey[] = [],
): string | undefined {
  if (Array.isArray(actual) && Array.isArray(wanted)) {
    return firstOf(
      Math.max(actual.length, wanted.length),
      (i) => firstDifference(actual[i], wanted[i], [...path, i]),
    );
  }
  if (isObject(actual) && isObject(wanted)) {
    const keys = [...new Set([...Object.keys(wanted), ...Object.keys(actual)])];
    return firstOf(keys.length, (i) => {
      const key = keys[i] ?? "";
      return firstDifference(actual[key], wanted[key], [...path, key]);
    });
  }
  if (Object.is(actual, wanted)) return undefined;
  return `${fieldPath(path)}: wanted ${JSON.stringify(wanted)}, got ${JSON.stringify(actual)}`;
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
