import assert from "node:assert/strict";
import type { LabelSelector } from "../../../lib/api/meta.ts";
import { selectorProblems } from "../../../lib/core/select/selector_problems.ts";

const cases: [string, LabelSelector, string[]][] = [
  ["accepts an empty selector", {}, []],
  ["accepts every operator", {
    matchLabels: { "example.com/app": "", app: "web" },
    matchExpressions: [
      { key: "a", operator: "In", values: ["x"] },
      { key: "b", operator: "NotIn", values: ["x.y_z-1"] },
      { key: "c", operator: "Exists" },
      { key: "d", operator: "DoesNotExist", values: [] },
    ],
  }, []],
  ["refuses a label that no Pod can have", { matchLabels: { "a b": "c d" } }, [
    "FieldValueInvalid spec.selector.matchLabels",
    "FieldValueInvalid spec.selector.matchLabels",
  ]],
  ["refuses two slashes in a key", { matchLabels: { "a/b/c": "" } }, [
    "FieldValueInvalid spec.selector.matchLabels",
  ]],
  ["refuses an upper-case prefix", { matchLabels: { "Example.com/a": "" } }, [
    "FieldValueInvalid spec.selector.matchLabels",
  ]],
  ["refuses In without values", { matchExpressions: [{ key: "a", operator: "In" }] }, [
    "FieldValueRequired spec.selector.matchExpressions[0].values",
  ]],
  ["refuses Exists with values", {
    matchExpressions: [{ key: "a", operator: "Exists", values: ["b"] }],
  }, ["FieldValueForbidden spec.selector.matchExpressions[0].values"]],
  ["names each bad value and key", {
    matchExpressions: [{ key: "", operator: "In", values: ["ok", "no good", "a".repeat(64)] }],
  }, [
    "FieldValueInvalid spec.selector.matchExpressions[0].key",
    "FieldValueInvalid spec.selector.matchExpressions[0].values[1]",
    "FieldValueInvalid spec.selector.matchExpressions[0].values[2]",
  ]],
];

for (const [sentence, selector, expected] of cases) {
  Deno.test(`selectorProblems() ${sentence}`, () => {
    const problems = selectorProblems(selector, "spec.selector");
    assert.deepEqual(problems.map(({ reason, field }) => `${reason} ${field}`), expected);
    for (const { message } of problems) assert.match(message, /^(key|value|must)/);
  });
}

Deno.test("selectorProblems() refuses an operator that is none", () => {
  const selector = JSON.parse('{"matchExpressions":[{"key":"a","operator":"Like"}]}');
  const [problem] = selectorProblems(selector, "s");
  assert.equal(problem?.field, "s.matchExpressions[0].operator");
  assert.match(problem.message, /In, NotIn, Exists, DoesNotExist: current value is "Like"/);
});
