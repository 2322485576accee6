import {
  addQuantities,
  divideQuantity,
  multiplyQuantity,
  negateQuantity,
  quantityOfNumber,
  subtractQuantities,
} from "./arithmetic.ts";
import { type Step, toPostfix } from "./postfix.ts";
import { compareQuantities, formatQuantity, NANOS_PER_UNIT, type Quantity } from "./quantity.ts";
import { type Amounts, runSteps } from "./run_steps.ts";
import type { Outcome } from "./tokens.ts";

/** An expression of a resources policy that can be evaluated for every amount. */
export interface ResourceExpression {
  readonly text: string;
  /** The expression's name for the given amount, of any resource. */
  readonly variable: "cpu" | "memory";
  readonly expression: Expression;
}

/**
 * Reads an expression of a resources policy and checks its types.
 *
 * The variable is `memory` where the expression names it in lower case, otherwise `cpu`
 * (`pkg/webhook/pod/mutating/sidecarset_resources.go:evaluateResourceExpression`).
 */
export function readResourceExpression(text: string): Outcome<ResourceExpression> {
  const expression = parseExpression(text);
  if (!expression.ok) return expression;
  const variable = /\bmemory\b/.test(text) ? "memory" : "cpu";
  const problem = expressionProblem(expression.value, variable);
  if (problem === undefined) {
    return { ok: true, value: { text, variable, expression: expression.value } };
  }
  const isMiswritten = variable === "cpu" && /\bmemory\b/i.test(text);
  const hint = isMiswritten ? " (memory is recognised in lower case only)" : "";
  return { ok: false, problem: `${problem}${hint}` };
}

/**
 * Evaluates an expression of a resources policy for one amount.
 *
 * A result that is a plain number is cut: to milli units, or to whole units where the expression names memory.
 */
export function evaluateResourceExpression(
  { expression, variable }: ResourceExpression,
  amount: Quantity,
): Outcome<Quantity> {
  const result = evaluateExpression(expression, new Map([[variable, amount]]));
  if (!result.ok) return result;
  const { value } = result;
  const quantity = typeof value === "number"
    ? quantityOfNumber(variable === "memory" ? Math.trunc(value) : value)
    : value;
  if (quantity !== undefined) return { ok: true, value: quantity };
  return { ok: false, problem: `its result is too large: ${value}` };
}

/** A parsed expression. */
interface Expression {
  readonly steps: readonly Step[];
}

/** A plain number, such as a count or factor, or an amount of a resource. */
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

/** All amounts between two bounds, in whole units; a bound may be infinite. */
interface AmountRange {
  readonly low: number;
  readonly high: number;
}

/** Range of amounts for a resource that has a request. */
const anyPositiveAmount: AmountRange = { low: 1 / Number(NANOS_PER_UNIT), high: Infinity };

/** Range of an expression's results; it never exceeds the exact range. */
const rangeAmounts: Amounts<AmountRange> = {
  ofQuantity: ({ nanos }) => point(Number(nanos) / Number(NANOS_PER_UNIT)),
  ofNumber: point,
  negate: ({ low, high }) => ({ low: -high, high: -low }),
  multiply: (range, factor) => scaled(range, (bound) => bound * factor),
  divide: (range, divisor) => scaled(range, (bound) => bound / divisor),
  combine: {
    "+": (left, right) => ({ low: left.low + right.low, high: left.high + right.high }),
    "-": (left, right) => ({ low: left.low - right.high, high: left.high - right.low }),
    max: (left, right) => ({
      low: Math.max(left.low, right.low),
      high: Math.max(left.high, right.high),
    }),
    min: (left, right) => ({
      low: Math.min(left.low, right.low),
      high: Math.min(left.high, right.high),
    }),
  },
};

function point(value: number): AmountRange {
  return { low: value, high: value };
}

function scaled({ low, high }: AmountRange, scale: (bound: number) => number): AmountRange {
  // Infinity times zero is not a number, but zero times any amount is zero.
  const bounds = [scale(low), scale(high)].map((bound) => Number.isNaN(bound) ? 0 : bound);
  return { low: Math.min(...bounds), high: Math.max(...bounds) };
}

/** Result of an expression; of equal amounts, `max` and `min` keep the left one's notation. */
const exactAmounts: Amounts<Quantity> = {
  ofQuantity: (quantity) => quantity,
  ofNumber: quantityOfNumber,
  negate: negateQuantity,
  multiply: multiplyQuantity,
  divide: divideQuantity,
  combine: {
    "+": addQuantities,
    "-": subtractQuantities,
    max: (left, right) => compareQuantities(left, right) >= 0 ? left : right,
    min: (left, right) => compareQuantities(left, right) <= 0 ? left : right,
  },
};
