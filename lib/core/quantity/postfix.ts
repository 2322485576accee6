import { type ArithmeticOperator, type Outcome, type Token, tokenize } from "./tokens.ts";
import type { Quantity } from "./quantity.ts";

type FunctionName = "max" | "min";
export type BinaryOperator = ArithmeticOperator | FunctionName;

/** One step of an expression in postfix order: operands come before their operator. */
export type Step =
  | { readonly type: "constant"; readonly value: number | Quantity }
  | { readonly type: "variable"; readonly name: string }
  | { readonly type: "negate" }
  | { readonly type: "binary"; readonly operator: BinaryOperator };

/** Operators and calls that wait for their last operand. */
type Pending =
  | { readonly type: "negate" }
  | { readonly type: "binary"; readonly operator: ArithmeticOperator }
  | { readonly type: "group"; readonly at: number }
  | { readonly type: "call"; readonly operator: FunctionName; commas: number; readonly at: number };

/** Maximum length of an expression. */
const MAX_LENGTH = 10_000;

/**
 * Converts an expression to postfix notation, which is parsed and evaluated without recursion: deep nesting cannot
 * exhaust the stack.
 *
 * @returns the steps, or the syntax error; types and variable names are not checked
 * @see `openkruise/kruise/pkg/util/calculator/calculator.y`
 */
export function toPostfix(text: string): Outcome<readonly Step[]> {
  if (text.length > MAX_LENGTH) {
    const problem = `it has ${text.length} characters: at most ${MAX_LENGTH} are allowed`;
    return { ok: false, problem };
  }
  const tokens = tokenize(text);
  if (!tokens.ok) return tokens;
  const builder = new PostfixBuilder();
  for (const token of tokens.value) {
    const problem = builder.take(token);
    if (problem !== undefined) return { ok: false, problem };
  }
  const problem = builder.end();
  return problem === undefined ? { ok: true, value: builder.steps } : { ok: false, problem };
}

/** Shunting-yard algorithm. Methods return the syntax error, if there is one. */
class PostfixBuilder {
  readonly steps: Step[] = [];
  readonly #pending: Pending[] = [];
  #expectsOperand = true;

  take(token: Token): string | undefined {
    return this.#expectsOperand ? this.#takeOperand(token) : this.#takeAfterOperand(token);
  }

  end(): string | undefined {
    if (this.#expectsOperand) return "an operand is missing at its end";
    const open = this.#unwind();
    if (open !== undefined) return `the parenthesis at position ${open.at} is never closed`;
    return undefined;
  }

  #takeOperand(token: Token): string | undefined {
    switch (token.type) {
      case "literal":
        this.steps.push({ type: "constant", value: token.value });
        this.#expectsOperand = false;
        return undefined;
      case "variable":
        this.steps.push({ type: "variable", name: token.name });
        this.#expectsOperand = false;
        return undefined;
      case "call": {
        const operator = token.name.toLowerCase();
        if (operator !== "max" && operator !== "min") {
          return `unknown function "${token.name}": use max or min`;
        }
        this.#pending.push({ type: "call", operator, commas: 0, at: token.at });
        return undefined;
      }
      case "(":
        this.#pending.push({ type: "group", at: token.at });
        return undefined;
      case "operator":
        if (token.operator === "-") {
          this.#pending.push({ type: "negate" });
          return undefined;
        }
        return `an operand is missing before "${token.operator}" at position ${token.at}`;
      default:
        return `an operand is missing before "${token.type}" at position ${token.at}`;
    }
  }

  #takeAfterOperand(token: Token): string | undefined {
    switch (token.type) {
      case "operator":
        this.#unwind(precedence(token.operator));
        this.#pending.push({ type: "binary", operator: token.operator });
        this.#expectsOperand = true;
        return undefined;
      case ",": {
        const open = this.#unwind();
        if (open?.type !== "call") return `unexpected "," at position ${token.at}`;
        open.commas++;
        if (open.commas > 1) return `${open.operator} takes exactly two arguments`;
        this.#expectsOperand = true;
        return undefined;
      }
      case ")": {
        const open = this.#unwind();
        this.#pending.pop();
        if (open === undefined) return `nothing is open before ")" at position ${token.at}`;
        if (open.type === "group") return undefined;
        if (open.commas !== 1) return `${open.operator} takes exactly two arguments`;
        this.steps.push({ type: "binary", operator: open.operator });
        return undefined;
      }
      default:
        return `an operator is missing at position ${token.at}`;
    }
  }

  /**
   * Pops operators down to the innermost open parenthesis that bind at least this tightly.
   *
   * @returns the open parenthesis, if it was reached
   */
  #unwind(atLeast = 0): Extract<Pending, { at: number }> | undefined {
    for (let last = this.#pending.at(-1); last !== undefined; last = this.#pending.at(-1)) {
      if (last.type === "group" || last.type === "call") return last;
      if (last.type === "binary" && precedence(last.operator) < atLeast) return undefined;
      this.steps.push(last);
      this.#pending.pop();
    }
    return undefined;
  }
}

function precedence(operator: ArithmeticOperator): number {
  return operator === "*" || operator === "/" ? 2 : 1;
}
