import type { FieldProblem } from "../../../lib/api/problems.ts";
import { validateSidecarSet } from "../../../lib/core/validate/validate.ts";
import type { CompatGroup, Verdict } from "../contract.ts";
import { departures } from "../validation/departures.ts";
import { isProperPath, isWithin } from "../validation/paths.ts";
import { readValidationCase, type ValidationCase } from "../validation/validation_case.ts";

/**
 * `pkg/webhook/sidecarset/validating`: `allowed` must agree, and each field that OpenKruise names properly must be
 * named, itself or a part of it.
 */
export const validation: CompatGroup = {
  name: "validation",
  files: "validation.json",
  departures,
  judge(testCase): Verdict {
    const recorded = readValidationCase(testCase);
    const applying = departures.filter((departure) => departure.applies(recorded));
    const expected = applying.reduce<ValidationCase>(
      (changed, departure) => ({ ...changed, ...departure.expected(changed) }),
      recorded,
    );
    const numbers = applying.map(({ number }) => number);
    // The cases were recorded by a process whose API server has no privileged containers.
    const problems = validateSidecarSet({ ...recorded, allowPrivileged: false });
    const difference = differenceOf(problems, expected);
    return difference === undefined
      ? { passed: true, departures: numbers }
      : { passed: false, departures: numbers, difference };
  },
};

function differenceOf(
  problems: readonly FieldProblem[],
  { allowed, errors }: ValidationCase,
): string | undefined {
  const found = problems.map(({ field, message }) => `${field} ${message}`).join("\n  ");
  if (allowed !== (problems.length === 0)) {
    const fields = errors.map(({ field }) => field).join(", ");
    return allowed
      ? `expected it allowed, got:\n  ${found}`
      : `expected it refused for ${fields}, got it allowed`;
  }
  const missing = errors.filter(({ field }) =>
    isProperPath(field) && !problems.some((problem) => isWithin(problem.field, field))
  );
  if (missing.length === 0) return undefined;
  return `expected a problem at ${missing.map(({ field }) => field).join(", ")}, got:\n  ${found}`;
}
