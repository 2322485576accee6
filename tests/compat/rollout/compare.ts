import { isObject } from "../../../lib/api/json.ts";
import type { Verdict } from "../contract.ts";

/** A recorded result, what it comes to with the departures that apply, and the program's. */
export interface Comparison {
  readonly recorded: unknown;
  readonly expected: unknown;
  readonly actual: unknown;
  /** Numbers of the departures that apply to the case's input. */
  readonly applying: readonly string[];
}

/** Judges a case; departures that apply but change nothing are not reported. */
export function verdictOf({ recorded, expected, actual, applying }: Comparison): Verdict {
  const [want, got] = [canonical(expected), canonical(actual)];
  const departures = canonical(recorded) === want ? [] : applying;
  if (want === got) return { passed: true, departures };
  return { passed: false, departures, difference: `expected ${want}, got ${got}` };
}

/** Says that the second reading of OpenKruise does not give what OpenKruise gave; undefined where it does. */
export function modelFailure(recorded: unknown, model: unknown): Verdict | undefined {
  const [want, got] = [canonical(recorded), canonical(model)];
  if (want === got) return undefined;
  const difference = `the model of OpenKruise differs: recorded ${want}, model ${got}`;
  return { passed: false, departures: [], difference };
}

function canonical(value: unknown): string {
  return JSON.stringify(
    value,
    (_key, member) =>
      isObject(member)
        ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => a < b ? -1 : 1))
        : member,
  ) ?? "undefined";
}
