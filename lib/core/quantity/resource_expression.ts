import { quantityOfNumber } from "./arithmetic.ts";
import {
  evaluateExpression,
  type Expression,
  expressionProblem,
  parseExpression,
} from "./expression.ts";
import type { Outcome } from "./outcome.ts";
import type { Quantity } from "./quantity.ts";

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
