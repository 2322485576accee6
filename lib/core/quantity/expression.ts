import { anyPositiveAmount, exactAmounts, rangeAmounts } from "./amounts.ts";
import type { Outcome } from "./outcome.ts";
import { type Step, toPostfix } from "./postfix.ts";
import { formatQuantity, type Quantity } from "./quantity.ts";
import { runSteps } from "./run_steps.ts";

/** A parsed expression. */
export interface Expression {
  readonly steps: readonly Step[];
}

/** Result of an expression, and values of its variables. */
export type ExpressionValue = number | Quantity;

/**
 * Parses an expression of numbers, percentages, quantities, variables, `+ - * /`, parentheses, `max` and `min`.
 *
 * @returns the expression, or the syntax error; types and variable names are not checked
 * @see `openkruise/kruise/pkg/util/calculator`
 */
export function parseExpression(text: string): Outcome<Expression> {
  const steps = toPostfix(text);
  return steps.ok ? { ok: true, value: { steps: steps.value } } : steps;
}

/**
 * Evaluates an expression.
 *
 * @param variables values by lower-case name
 * @returns a number, a quantity if a quantity is involved, or why there is no result, as for negative results
 */
export function evaluateExpression(
  { steps }: Expression,
  variables: ReadonlyMap<string, ExpressionValue>,
): Outcome<ExpressionValue> {
  const result = runSteps(steps, { amounts: exactAmounts, variables });
  if (!result.ok) return result;
  const { value } = result;
  if (typeof value === "number") {
    return value < 0 ? { ok: false, problem: `its result is negative: ${value}` } : result;
  }
  if (value.nanos >= 0n) return result;
  return { ok: false, problem: `its result is negative: ${formatQuantity(value)}` };
}

/**
 * Type-checks an expression for all amounts of its variable.
 *
 * Departs from OpenKruise, which evaluates it for the number 1 and so refuses valid expressions and accepts invalid
 * ones (B-33). A valid expression can still be negative or too large for some amounts.
 *
 * @param variable lower-case name of the only variable; its value is a quantity
 * @returns why the expression cannot be evaluated, or undefined
 */
export function expressionProblem(
  { steps }: Expression,
  variable: string,
): string | undefined {
  if (!steps.some((step) => step.type === "variable")) {
    const constant = evaluateExpression({ steps }, new Map());
    return constant.ok ? undefined : constant.problem;
  }
  const range = runSteps(steps, {
    amounts: rangeAmounts,
    variables: new Map([[variable, anyPositiveAmount]]),
  });
  if (!range.ok) return range.problem;
  if (typeof range.value === "number" || range.value.high >= 0) return undefined;
  return `its result is negative for every ${variable}`;
}
