import assert from "node:assert/strict";
import type { CompatGroup, Verdict } from "../contract.ts";
import { departures } from "../inject/departures.ts";
import { isInjectCase, type Result } from "../inject/inject_case.ts";
import { normalize } from "../inject/normalize.ts";
import { runCase } from "../inject/run_case.ts";

/** `pkg/webhook/pod/mutating` */
export const inject: CompatGroup = {
  name: "inject",
  files: "inject/",
  departures,
  judge(testCase): Verdict {
    if (!isInjectCase(testCase)) {
      throw new Error(`Cannot read ${testCase.name} as a case of injection: a field is missing`);
    }
    const applying = departures.filter((departure) => departure.applies(testCase));
    const expected = applying.reduce(
      (changed, departure) => ({ ...changed, result: departure.expected(changed) }),
      testCase,
    ).result;
    const actual = runCase(testCase);
    const difference = differenceOf(actual, "anyOf" in expected ? expected.anyOf : [expected]);
    const numbers = applying.map(({ number }) => number);
    return difference === undefined
      ? { passed: true, departures: numbers }
      : { passed: false, departures: numbers, difference };
  },
};

function differenceOf(actual: Result, expected: readonly Result[]): string | undefined {
  const differences = expected.map((each) => {
    try {
      assert.deepEqual(normalize(actual), normalize(each));
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  });
  return differences.includes(undefined) ? undefined : differences.join("\n");
}
