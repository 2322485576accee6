import * as z from "zod/mini";
import {
  evaluateExpression,
  type ExpressionValue,
  parseExpression,
} from "../../../lib/core/quantity/expression.ts";
import { formatQuantity, milliValue, parseQuantity } from "../../../lib/core/quantity/quantity.ts";
import type { CompatGroup, Departure, Verdict } from "../contract.ts";
import { largeAmountsOf } from "./large_amounts.ts";

/** An expression with its variables (a text is a quantity, a number a plain number) and OpenKruise's result. */
const expressionCase = z.object({
  expr: z.string(),
  variables: z.record(z.string(), z.union([z.string(), z.number()])),
  error: z.optional(z.literal(true)),
  kind: z.optional(z.enum(["number", "quantity"])),
  result: z.optional(z.string()),
});
type ExpressionCase = z.infer<typeof expressionCase>;

type Result =
  | { readonly type: "error" }
  | { readonly type: "number"; readonly value: number }
  | { readonly type: "quantity"; readonly text: string };

/** The expected result, or a quantity that floating point numbers only approximate. */
type Expected = Result | { readonly type: "about"; readonly milli: number };

const NUMBERS_WITH_SUFFIX = /(?<![\w.])[0-9.]+(?:[eE][+-]?[0-9]+)?(?:[a-zA-Z]|[^\0-\x7f])*/g;
const NUMBER_OR_QUANTITY =
  /^(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:(?:[eE][+-]?[0-9]+)?|m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)$/;

interface ExpressionDeparture extends Departure<ExpressionCase> {
  expected(testCase: ExpressionCase): Expected;
}

const departures: readonly ExpressionDeparture[] = [
  {
    number: "B-34",
    says: "a number with an unknown suffix is an error instead of zero",
    applies: ({ expr }) =>
      (expr.match(NUMBERS_WITH_SUFFIX) ?? []).some((word) => !NUMBER_OR_QUANTITY.test(word)),
    expected: () => ({ type: "error" }),
  },
  {
    number: "int64",
    says: "amounts beyond 2^63 milli units are computed instead of overflowing",
    applies: (testCase) => largeAmountsOf(testCase).overflows,
    expected: (testCase) => {
      const { milli } = largeAmountsOf(testCase);
      return milli >= 0 ? { type: "about", milli } : { type: "error" };
    },
  },
];

/** `pkg/util/calculator` */
export const expression: CompatGroup = {
  name: "expression",
  files: "expression.json",
  departures,
  judge(testCase): Verdict {
    const read = z.parse(expressionCase, testCase);
    const departure = departures.find((candidate) => candidate.applies(read));
    const numbers = departure === undefined ? [] : [departure.number];
    const expected = departure === undefined ? recorded(read) : departure.expected(read);
    const actual = evaluate(read);
    if (isExpected(actual, expected)) return { passed: true, departures: numbers };
    return {
      passed: false,
      departures: numbers,
      difference: `expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`,
    };
  },
};

function recorded({ error, kind, result }: ExpressionCase): Expected {
  if (error === true || kind === undefined || result === undefined) return { type: "error" };
  return kind === "number"
    ? { type: "number", value: Number(result) }
    : { type: "quantity", text: result };
}

function evaluate({ expr, variables }: ExpressionCase): Result {
  const values = new Map<string, ExpressionValue>();
  for (const [name, value] of Object.entries(variables)) {
    const read = typeof value === "number" ? value : parseQuantity(value);
    if (read === undefined) throw new Error(`Cannot read variable ${name} as a quantity: ${value}`);
    values.set(name, read);
  }
  const parsed = parseExpression(expr);
  const result = parsed.ok ? evaluateExpression(parsed.value, values) : parsed;
  if (!result.ok) return { type: "error" };
  return typeof result.value === "number"
    ? { type: "number", value: result.value }
    : { type: "quantity", text: formatQuantity(result.value) };
}

function isExpected(actual: Result, expected: Expected): boolean {
  switch (expected.type) {
    case "error":
      return actual.type === "error";
    case "number":
      return actual.type === "number" && actual.value === expected.value;
    case "quantity":
      return actual.type === "quantity" && actual.text === expected.text;
    case "about": {
      const quantity = actual.type === "quantity" ? parseQuantity(actual.text) : undefined;
      if (quantity === undefined) return false;
      return Math.abs(Number(milliValue(quantity)) - expected.milli) <= 1e-9 * expected.milli;
    }
  }
}
