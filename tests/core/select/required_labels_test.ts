import assert from "node:assert/strict";
import fc from "fast-check";
import { matchesSelector, requiredLabels } from "../../../lib/core/select/label_selector.ts";
import { anyLabels, anySelector } from "./arbitraries.ts";

Deno.test("requiredLabels() lists matchLabels, In and Exists requirements", () => {
  const selector = {
    matchLabels: { app: "web" },
    matchExpressions: [
      { key: "tier", operator: "In" as const, values: ["a", "b", "a"] },
      { key: "zone", operator: "Exists" as const },
      { key: "team", operator: "NotIn" as const, values: ["x"] },
    ],
  };
  assert.deepEqual(requiredLabels(selector), [
    { key: "app", values: ["web"] },
    { key: "tier", values: ["a", "b"] },
    { key: "zone" },
  ]);
});

Deno.test("requiredLabels() holds for all labels that the selector matches", () => {
  fc.assert(fc.property(anySelector, anyLabels, (selector, labels) => {
    fc.pre(matchesSelector(selector, labels));
    for (const { key, values } of requiredLabels(selector)) {
      assert.ok(key in labels);
      assert.ok(values === undefined || values.includes(labels[key] ?? "absent"));
    }
  }));
});
