import { conflictErrors, type ConflictRules, isConflictError } from "./conflicts.ts";
import type { RecordedError, ValidationCase } from "./validation_case.ts";

const KRUISE: ConflictRules = { ownCanaries: false, exact: false };

/** Without some errors; then those about other SidecarSets are reached, which OpenKruise looks for last. */
export function without(
  testCase: ValidationCase,
  isDropped: (error: RecordedError) => boolean,
): ValidationCase {
  const kept = testCase.errors.filter((error) => !isDropped(error));
  const isReached = kept.length === 0 && testCase.errors.length > 0;
  const errors = isReached ? conflictErrors(testCase, KRUISE) : kept;
  return { ...testCase, allowed: errors.length === 0, errors };
}

/** Without the errors at these fields. */
export function withoutErrorsAt(
  testCase: ValidationCase,
  fields: readonly string[],
): ValidationCase {
  return without(testCase, ({ field }) => fields.includes(field));
}

/** With errors at these fields added. */
export function refusing(testCase: ValidationCase, fields: readonly string[]): ValidationCase {
  const errors = [...testCase.errors, ...fields.map((field) => ({ field, type: "Invalid" }))];
  return { ...testCase, allowed: errors.length === 0, errors };
}

/** With the errors about other SidecarSets that these rules give. */
export function withConflicts(testCase: ValidationCase, rules: ConflictRules): ValidationCase {
  const own = testCase.errors.filter((error) => !isConflictError(error));
  const errors = own.length > 0 ? own : conflictErrors(testCase, rules);
  return { ...testCase, allowed: errors.length === 0, errors };
}
