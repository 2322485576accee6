import assert from "node:assert/strict";
import fc from "fast-check";
import { matchesSelector, requiredPairs } from "../../../lib/core/select/label_selector.ts";
import { anyLabels, anySelector } from "./arbitraries.ts";

Deno.test("requiredPairs() lists matchLabels and In requirements", () => {
  const selector = {
    matchLabels: { app: "web" },
    matchExpressions: [
      { key: "tier", operator: "In" as const, values: ["a", "b", "a"] },
      { key: "zone", operator: "Exists" as const },
      { key: "team", operator: "NotIn" as const, values: ["x"] },
    ],
  };
  assert.deepEqual(requiredPairs(selector), [
    { key: "app", values: ["web"] },
    { key: "tier", values: ["a", "b"] },
  ]);
});

Deno.test("requiredPairs() holds for all labels that the selector matches", () => {
  fc.assert(fc.property(anySelector, anyLabels, (selector, labels) => {
    fc.pre(matchesSelector(selector, labels));
    for (const { key, values } of requiredPairs(selector)) {
      assert.ok(values.includes(labels[key] ?? "absent"));
    }
  }));
});
