import assert from "node:assert/strict";
import fc from "fast-check";
import { compilePattern, MAX_PATTERN_LENGTH } from "../../lib/core/pattern.ts";

Deno.test("compilePattern() matches anywhere in the text", () => {
  const pattern = compilePattern("ai");
  assert.ok(pattern.ok);
  assert.equal(pattern.matches("main"), true);
  assert.equal(pattern.matches("app"), false);
});

Deno.test("compilePattern() says what is wrong with an expression", () => {
  const pattern = compilePattern("(");
  assert.ok(!pattern.ok);
  assert.match(pattern.problem, /^must be a regular expression in RE2 syntax \(.*missing closing/);
});

Deno.test("compilePattern() refuses what only a backtracking engine understands", () => {
  for (const expression of ["(?=a)", "(a)\\1", "(?<!a)b"]) {
    assert.equal(compilePattern(expression).ok, false, expression);
  }
});

Deno.test("compilePattern() refuses expressions that are longer than its limit", () => {
  assert.ok(compilePattern("a".repeat(MAX_PATTERN_LENGTH)).ok);
  assert.deepEqual(compilePattern("a".repeat(MAX_PATTERN_LENGTH + 1)), {
    ok: false,
    problem: `must have at most ${MAX_PATTERN_LENGTH} characters`,
  });
});

Deno.test("compilePattern() throws for no expression", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (expression) => {
    const pattern = compilePattern(expression);
    if (pattern.ok) pattern.matches(expression);
  }));
});
