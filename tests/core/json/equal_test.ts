import assert from "node:assert/strict";
import { jsonEqual } from "../../../lib/core/json/patch.ts";

Deno.test("jsonEqual() does not care for the order of keys, but for that of lists", () => {
  assert.equal(jsonEqual({ a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 }), true);
  assert.equal(jsonEqual([1, 2], [2, 1]), false);
  assert.equal(jsonEqual({ a: undefined }, {}), true);
  assert.equal(jsonEqual({ a: null }, {}), false);
  assert.equal(jsonEqual([], {}), false);
});

Deno.test("jsonEqual() takes values of any depth", () => {
  const deep = () => JSON.parse(`${"[".repeat(9000)}${"]".repeat(9000)}`);
  assert.equal(jsonEqual(deep(), deep()), true);
  assert.equal(jsonEqual(deep(), [deep()]), false);
});
