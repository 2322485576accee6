import assert from "node:assert/strict";
import fc from "fast-check";
import { matchesSelector } from "../../../lib/core/select/label_selector.ts";
import { selectionsOverlap, selectorsOverlap } from "../../../lib/core/select/overlap.ts";
import { allLabels, anySelector } from "./arbitraries.ts";

Deno.test("selectorsOverlap() is true exactly when some labels match both selectors", () => {
  const everyLabels = allLabels();
  fc.assert(fc.property(anySelector, anySelector, (a, b) => {
    const some = everyLabels.some((labels) =>
      matchesSelector(a, labels) && matchesSelector(b, labels)
    );
    assert.equal(selectorsOverlap(a, b), some);
    assert.equal(selectorsOverlap(b, a), some);
  }));
});

const web = { matchLabels: { app: "web" } };

Deno.test("selectionsOverlap() is false for different namespaces", () => {
  const a = { selector: web, namespace: "one" };
  assert.equal(selectionsOverlap(a, { selector: web, namespace: "two" }), false);
  assert.equal(selectionsOverlap(a, { selector: web, namespace: "one" }), true);
  assert.equal(selectionsOverlap(a, { selector: web }), true);
});

Deno.test("selectionsOverlap() compares a namespace with a selector on the namespace's name", () => {
  const selector = { matchLabels: { "kubernetes.io/metadata.name": "one" } };
  const named = { selector: web, namespaceSelector: selector };
  assert.equal(selectionsOverlap(named, { selector: web, namespace: "two" }), false);
  assert.equal(selectionsOverlap(named, { selector: web, namespace: "one" }), true);
});

Deno.test("selectionsOverlap() is false for disjoint namespace selectors", () => {
  const a = { selector: web, namespaceSelector: { matchLabels: { env: "test" } } };
  const b = { selector: web, namespaceSelector: { matchLabels: { env: "live" } } };
  assert.equal(selectionsOverlap(a, b), false);
});

Deno.test("selectionsOverlap() is false where a selector is missing", () => {
  assert.equal(selectionsOverlap({ selector: web }, {}), false);
});
