import type { Outcome } from "./tokens.ts";
import type { BinaryOperator, Step } from "./postfix.ts";
import type { Quantity } from "./quantity.ts";

/** Arithmetic on amounts: exact, or on ranges of possible amounts. Undefined if the result is too large. */
export interface Amounts<Amount extends object> {
  ofQuantity(quantity: Quantity): Amount;
  ofNumber(number: number): Amount | undefined;
  negate(amount: Amount): Amount;
  multiply(amount: Amount, factor: number): Amount | undefined;
  divide(amount: Amount, divisor: number): Amount | undefined;
  readonly combine: Readonly<
    Record<"+" | "-" | "max" | "min", (left: Amount, right: Amount) => Amount>
  >;
}

interface RunOptions<Amount extends object> {
  readonly amounts: Amounts<Amount>;
  /** By lower-case name; names in expressions are case-insensitive. */
  readonly variables: ReadonlyMap<string, number | Amount>;
}

/**
 * Runs an expression by the rules of types: numbers are computed in floating point; a number becomes an amount where it
 * is added to, subtracted from or compared with one; an amount is multiplied and divided by numbers only.
 *
 * @see `openkruise/kruise/pkg/util/calculator/calculator.y`
 */
export function runSteps<Amount extends object>(
  steps: readonly Step[],
  { amounts, variables }: RunOptions<Amount>,
): Outcome<number | Amount> {
  const stack: (number | Amount)[] = [];
  for (const step of steps) {
    switch (step.type) {
      case "constant":
        stack.push(typeof step.value === "number" ? step.value : amounts.ofQuantity(step.value));
        break;
      case "variable": {
        const value = variables.get(step.name.toLowerCase());
        if (value === undefined) return unknownVariable(step.name, [...variables.keys()]);
        stack.push(value);
        break;
      }
      case "negate": {
        const operand = pop(stack);
        stack.push(typeof operand === "number" ? -operand : amounts.negate(operand));
        break;
      }
      case "binary": {
        const right = pop(stack);
        const left = pop(stack);
        const result = typeof left === "number" && typeof right === "number"
          ? onNumbers(step.operator, { left, right })
          : onAmounts(amounts, { left, right, operator: step.operator });
        if (!result.ok) return result;
        stack.push(result.value);
      }
    }
  }
  return { ok: true, value: pop(stack) };
}

interface Operands<Operand> {
  readonly left: Operand;
  readonly right: Operand;
}

function onNumbers(
  operator: BinaryOperator,
  { left, right }: Operands<number>,
): Outcome<number> {
  switch (operator) {
    case "+":
      return computed(operator, left + right);
    case "-":
      return computed(operator, left - right);
    case "*":
      return computed(operator, left * right);
    case "/":
      return right === 0 ? divisionByZero() : computed(operator, left / right);
    case "max":
      return computed(operator, Math.max(left, right));
    case "min":
      return computed(operator, Math.min(left, right));
  }
}

function onAmounts<Amount extends object>(
  amounts: Amounts<Amount>,
  { left, right, operator }: Operands<number | Amount> & { readonly operator: BinaryOperator },
): Outcome<Amount> {
  if (operator === "*") {
    if (typeof left === "number" && typeof right !== "number") {
      return computed(operator, amounts.multiply(right, left));
    }
    if (typeof left !== "number" && typeof right === "number") {
      return computed(operator, amounts.multiply(left, right));
    }
    return failure("two quantities are multiplied: one of them must be a plain number");
  }
  if (operator === "/") {
    if (typeof right !== "number" || typeof left === "number") {
      return failure("something is divided by a quantity: the divisor must be a plain number");
    }
    return right === 0 ? divisionByZero() : computed(operator, amounts.divide(left, right));
  }
  const leftAmount = typeof left === "number" ? amounts.ofNumber(left) : left;
  const rightAmount = typeof right === "number" ? amounts.ofNumber(right) : right;
  const value = leftAmount === undefined || rightAmount === undefined
    ? undefined
    : amounts.combine[operator](leftAmount, rightAmount);
  return computed(operator, value);
}

function computed<T>(operator: BinaryOperator, value: T | undefined): Outcome<T> {
  const isComputed = value !== undefined && (typeof value !== "number" || Number.isFinite(value));
  return isComputed ? { ok: true, value } : failure(`the result of "${operator}" is too large`);
}

function divisionByZero(): Outcome<never> {
  return failure("division by zero");
}

function unknownVariable(name: string, known: readonly string[]): Outcome<never> {
  const use = known.length === 0 ? "none can be used" : `use ${known.join(" or ")}`;
  return failure(`unknown variable "${name}": ${use}`);
}

function failure(problem: string): Outcome<never> {
  return { ok: false, problem };
}

/** Steps come from a well-formed expression, so an operand is always there. */
function pop<Value>(stack: Value[]): Value {
  const value = stack.pop();
  if (value === undefined) throw new Error("Cannot run expression: an operand is missing");
  return value;
}
