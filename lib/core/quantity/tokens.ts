import { parseQuantity, type Quantity } from "./quantity.ts";

/** A result, or the error as a phrase that completes "cannot be evaluated: ...". */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: string };

export type ArithmeticOperator = "+" | "-" | "*" | "/";

/** A word of an expression; `at` is its position, counted from 1. */
export type Token =
  | { readonly type: "literal"; readonly value: number | Quantity; readonly at: number }
  | { readonly type: "variable"; readonly name: string; readonly at: number }
  /** A name together with the parenthesis that follows it; `at` is the position of the parenthesis. */
  | { readonly type: "call"; readonly name: string; readonly at: number }
  | { readonly type: "operator"; readonly operator: ArithmeticOperator; readonly at: number }
  | { readonly type: "(" | ")" | ","; readonly at: number };

/** Suffixes that make a quantity of a number; the exa suffixes could be taken for an exponent. */
const literalSuffixes = ["m", "k", "M", "G", "T", "P", "Ki", "Mi", "Gi", "Ti", "Pi"];

const WORD = new RegExp(
  [
    /(?<space>[ \t\n\v\f\r]+)/,
    /(?<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?<exponent>[eE][+-]?[0-9]+)?)(?<suffix>%|[a-zA-Z]*)/,
    /(?<name>[a-zA-Z][a-zA-Z0-9_]*)(?<call>[ \t\n\v\f\r]*\()?/,
    /(?<operator>[-+*/])/,
    /(?<mark>[(),])/,
    /(?<other>.)/,
  ].map(({ source }) => source).join("|"),
  "gsu",
);

/**
 * Splits an expression into words.
 *
 * Departs from OpenKruise in refusing numbers with an unknown suffix, which count as zero there (B-34).
 *
 * @see `openkruise/kruise/pkg/util/calculator/lexer.go:Lex`
 */
export function tokenize(text: string): Outcome<readonly Token[]> {
  const tokens: Token[] = [];
  for (const { 0: word, index, groups = {} } of text.matchAll(WORD)) {
    const at = index + 1;
    const { number, name, call, operator, mark, other } = groups;
    if (number !== undefined) {
      const value = literalValue(number, groups);
      if (!value.ok) return value;
      tokens.push({ type: "literal", value: value.value, at });
    } else if (name !== undefined) {
      tokens.push(
        call === undefined
          ? { type: "variable", name, at }
          : { type: "call", name, at: index + word.length },
      );
    } else if (isArithmeticOperator(operator)) {
      tokens.push({ type: "operator", operator, at });
    } else if (mark === "(" || mark === ")" || mark === ",") {
      tokens.push({ type: mark, at });
    } else if (other !== undefined) {
      return { ok: false, problem: `unexpected character "${other}" at position ${at}` };
    }
  }
  return { ok: true, value: tokens };
}

function literalValue(
  number: string,
  { exponent, suffix = "" }: { [group: string]: string | undefined },
): Outcome<number | Quantity> {
  if (suffix === "" || suffix === "%") {
    const value = suffix === "%" ? Number(number) / 100 : Number(number);
    if (Number.isFinite(value)) return { ok: true, value };
    return { ok: false, problem: `the number ${number} is too large` };
  }
  const written = number + suffix;
  if (!literalSuffixes.includes(suffix)) {
    const known = literalSuffixes.join(", ");
    return {
      ok: false,
      problem: `unknown suffix "${suffix}" of "${written}": use one of ${known}`,
    };
  }
  if (exponent !== undefined) {
    return {
      ok: false,
      problem: `"${written}" has both an exponent and a suffix: use one of them`,
    };
  }
  const quantity = parseQuantity(written);
  if (quantity !== undefined) return { ok: true, value: quantity };
  return { ok: false, problem: `"${written}" is not a quantity` };
}

function isArithmeticOperator(text: string | undefined): text is ArithmeticOperator {
  return text === "+" || text === "-" || text === "*" || text === "/";
}
