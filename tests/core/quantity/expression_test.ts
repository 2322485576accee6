import assert from "node:assert/strict";
import * as fc from "fast-check";
import {
  evaluateExpression,
  expressionProblem,
  type ExpressionValue,
  parseExpression,
} from "../../../lib/core/quantity/expression.ts";
import { formatQuantity } from "../../../lib/core/quantity/quantity.ts";
import { quantityOf } from "../../support/quantities.ts";

/** The result as text; `!` and the problem where there is none. */
function evaluate(text: string, variables: Record<string, string | number> = {}): string {
  const values = new Map<string, ExpressionValue>();
  for (const [name, value] of Object.entries(variables)) {
    values.set(name, typeof value === "number" ? value : quantityOf(value));
  }
  const expression = parseExpression(text);
  if (!expression.ok) return `!${expression.problem}`;
  const result = evaluateExpression(expression.value, values);
  if (!result.ok) return `!${result.problem}`;
  return typeof result.value === "number" ? `${result.value}` : formatQuantity(result.value);
}

/** What is wrong with an expression before any amount is known. */
function problem(text: string, variable: string): string | undefined {
  const expression = parseExpression(text);
  return expression.ok ? expressionProblem(expression.value, variable) : expression.problem;
}

Deno.test("evaluateExpression() computes numbers with the usual precedence, from left to right", () => {
  const cases = [
    ["1+2*3", "7"],
    ["(1+2)*3", "9"],
    ["10-4-3", "3"],
    ["16/4/2", "2"],
    ["2*-3+10", "4"],
    ["-(1-3)*2", "4"],
    ["10--5", "15"],
    ["---1+2", "1"],
    ["1e3+-200", "800"],
    [".5+5.", "5.5"],
    ["50%*4", "2"],
    ["max(min(5,3),1+1)", "3"],
    ["\t1 +\n2\r\f\v", "3"],
  ] as const;
  for (const [text, result] of cases) assert.equal(evaluate(text), result, text);
});

Deno.test("evaluateExpression() mixes quantities and numbers", () => {
  const cases = [
    ["1Gi + 100Mi", "1124Mi"],
    ["1.5Gi*2", "3Gi"],
    ["max(40m,20)", "20"],
    ["max(0.1, 100m)", "100m"],
    ["min(1Gi,1G)", "1G"],
    ["1+500m", "1500m"],
    ["2-500m", "1500m"],
    ["100m/3", "33m"],
    ["1Gi*0", "0"],
  ] as const;
  for (const [text, result] of cases) assert.equal(evaluate(text), result, text);
});

Deno.test("evaluateExpression() finds variables and functions in any case", () => {
  assert.equal(evaluate("MAX(Cpu*50%, 50m)", { cpu: "200m" }), "100m");
  assert.equal(
    evaluate("0.5*memory+Max(0,memory-2Gi)", { memory: "8Gi" }),
    "10Gi",
  );
});

Deno.test("evaluateExpression() keeps the left one of two equal arguments", () => {
  assert.equal(evaluate("max(1024Mi,1Gi)+1023"), evaluate("1Gi+1023"));
  assert.equal(evaluate("max(1e3,1000m*1000)"), "1k");
  assert.equal(evaluate("min(a,1k)", { a: "1e3" }), "1e3");
  assert.equal(evaluate("min(1k,a)", { a: "1e3" }), "1k");
});

Deno.test("evaluateExpression() refuses negative results and says which", () => {
  assert.equal(evaluate("7-10"), "!its result is negative: -3");
  assert.equal(evaluate("cpu - 2", { cpu: "500m" }), "!its result is negative: -1500m");
  assert.equal(evaluate("min(-1,2)+1"), "0");
});

Deno.test("evaluateExpression() refuses what types do not allow", () => {
  const cases = [
    ["1Gi*1Gi", /two quantities are multiplied/],
    ["1/100m", /divided by a quantity/],
    ["100m/100m", /divided by a quantity/],
    ["1/0", /division by zero/],
    ["1Gi/(1-1)", /division by zero/],
    ["disk", /unknown variable "disk": none can be used/],
  ] as const;
  for (const [text, expected] of cases) assert.match(evaluate(text), expected, text);
});

Deno.test("evaluateExpression() refuses what is too large to be computed", () => {
  assert.match(evaluate("1e308*10"), /too large/);
  assert.match(evaluate("1e308+1m"), /too large/);
  assert.match(evaluate("1P*1e300*1e300"), /too large/);
  assert.match(evaluate("cpu*0.5", { cpu: "1e400" }), /too large/);
});

Deno.test("parseExpression() says what is wrong and where", () => {
  const cases = [
    ["", "an operand is missing at its end"],
    ["1+", "an operand is missing at its end"],
    ["()", 'an operand is missing before ")" at position 2'],
    ["*2", 'an operand is missing before "*" at position 1'],
    ["+5", 'an operand is missing before "+" at position 1'],
    ["(1", "the parenthesis at position 1 is never closed"],
    ["max(1,2", "the parenthesis at position 4 is never closed"],
    ["1)", 'nothing is open before ")" at position 2'],
    ["1,2", 'unexpected "," at position 2'],
    ["(1,2)", 'unexpected "," at position 3'],
    ["10 20", "an operator is missing at position 4"],
    ["cpu cpu", "an operator is missing at position 5"],
    ["max(1)", "max takes exactly two arguments"],
    ["min(1,2,3)", "min takes exactly two arguments"],
    ["avg(1,2)", 'unknown function "avg": use max or min'],
    ["5 % 2", 'unexpected character "%" at position 3'],
    ["1&2", 'unexpected character "&" at position 2'],
    [".", 'unexpected character "." at position 1'],
    ["1+\u00a02", 'unexpected character "\u00a0" at position 3'],
    ["\u{1f600}", 'unexpected character "\u{1f600}" at position 1'],
    ["1e3m", '"1e3m" has both an exponent and a suffix: use one of them'],
    ["1e999", "the number 1e999 is too large"],
  ] as const;
  for (const [text, expected] of cases) {
    assert.deepEqual(parseExpression(text), { ok: false, problem: expected }, text);
  }
});

Deno.test("parseExpression() refuses unknown suffixes instead of counting them as zero", () => {
  for (const suffix of ["K", "MB", "E", "Ei", "e", "mm", "n", "u", "x", "cpu"]) {
    const result = parseExpression(`2*1${suffix}`);
    assert.match(result.ok ? "" : result.problem, new RegExp(`unknown suffix "${suffix}"`));
  }
});

Deno.test("parseExpression() and evaluateExpression() take deep nesting without overflowing the stack", () => {
  const deep = `${"(".repeat(4000)}1${")".repeat(4000)}`;
  assert.equal(evaluate(deep), "1");
  assert.equal(evaluate(`${"-".repeat(9000)}1`), "1");
  assert.equal(evaluate(`1${"+1".repeat(4000)}`), "4001");
});

Deno.test("parseExpression() refuses an expression that is longer than any that makes sense", () => {
  assert.match(evaluate(`1${"+1".repeat(5000)}`), /at most 10000/);
});

Deno.test("parseExpression() never throws, whatever the text", () => {
  const word = fc.constantFrom(
    ..."()+-*/,%. ".split(""),
    ...["1", "1.5", "2Gi", "3K", "50%", "cpu", "max(", "min(", "1e3", "é"],
  );
  fc.assert(fc.property(fc.array(word, { maxLength: 20 }), (words) => {
    const text = words.join("");
    const parsed = parseExpression(text);
    if (!parsed.ok) return;
    const result = evaluateExpression(parsed.value, new Map([["cpu", quantityOf("1500m")]]));
    const found = expressionProblem(parsed.value, "cpu");
    // What works for one amount cannot be wrong for every amount.
    if (result.ok) assert.equal(found, undefined, text);
  }));
});

Deno.test("expressionProblem() accepts what works for some amount", () => {
  const cases = [
    "cpu",
    "cpu - 2",
    "2 - cpu",
    "100m",
    "cpu - cpu",
    "min(max(max(0.5,0.5*cpu),cpu-1.0),3.0)",
    "min(cpu-2, 0)",
    "cpu*0",
    "cpu/3",
    "-(0-cpu)",
  ];
  for (const text of cases) assert.equal(problem(text, "cpu"), undefined, text);
});

Deno.test("expressionProblem() refuses what fails for every amount", () => {
  const cases = [
    ["cpu*cpu", /two quantities are multiplied/],
    ["1/cpu", /divided by a quantity/],
    ["100m/cpu", /divided by a quantity/],
    ["1/0", /division by zero/],
    ["cpu/(2-2)", /division by zero/],
    ["max(cpu,1/0)", /division by zero/],
    ["disk", /unknown variable "disk": use cpu/],
    ["cpu+memory", /unknown variable "memory": use cpu/],
    ["100MB", /unknown suffix "MB"/],
    ["-1", /negative/],
    ["100Mi-1Gi", /negative/],
    ["-cpu", /negative for every cpu/],
    ["cpu*-50%", /negative for every cpu/],
    ["cpu*0-1", /negative for every cpu/],
    ["min(cpu,-1)", /negative for every cpu/],
  ] as const;
  for (const [text, expected] of cases) assert.match(problem(text, "cpu") ?? "", expected, text);
});
