import assert from "node:assert/strict";
import { formatQuantity } from "../../../lib/core/quantity/quantity.ts";
import {
  evaluateResourceExpression,
  readResourceExpression,
} from "../../../lib/core/quantity/expression.ts";
import { quantityOf } from "../../support/quantities.ts";

function evaluate(text: string, amount: string): string {
  const expression = readResourceExpression(text);
  if (!expression.ok) return `!${expression.problem}`;
  const result = evaluateResourceExpression(expression.value, quantityOf(amount));
  return result.ok ? formatQuantity(result.value) : `!${result.problem}`;
}

Deno.test("evaluateResourceExpression() gives the amount to the variable that the text names", () => {
  assert.equal(evaluate("cpu*50%", "300Mi"), "150Mi");
  assert.equal(evaluate("CPU*50%", "300Mi"), "150Mi");
  assert.equal(evaluate("memory*1", "600m"), "600m");
  assert.equal(evaluate("memory+Memory", "1Gi"), "2Gi");
});

Deno.test("evaluateResourceExpression() cuts a plain number to milli units", () => {
  assert.equal(evaluate("max(1,2)/3", "1"), "666m");
  assert.equal(evaluate("1000000", "1Gi"), "1M");
});

Deno.test("evaluateResourceExpression() says that a result is negative or too large", () => {
  assert.equal(evaluate("cpu-10", "150m"), "!its result is negative: -9850m");
  assert.equal(evaluate("1e308", "1"), "!its result is too large: 1e+308");
});

Deno.test("readResourceExpression() refuses both variables in one expression", () => {
  assert.equal(evaluate("cpu+memory", "1"), '!unknown variable "cpu": use memory');
});

Deno.test("readResourceExpression() explains that memory is recognised in lower case only", () => {
  assert.match(evaluate("MEMORY*50%", "1Gi"), /unknown variable "MEMORY".*lower case/);
});
