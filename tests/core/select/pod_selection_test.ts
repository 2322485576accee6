import assert from "node:assert/strict";
import fc from "fast-check";
import { explainMismatch } from "../../../lib/core/select/mismatch.ts";
import { type Selection, selectsPod } from "../../../lib/core/select/pod_selection.ts";
import { anyLabels, anySelector } from "./arbitraries.ts";

const place = {
  labels: { app: "web" },
  namespace: { name: "shop", labels: { "kubernetes.io/metadata.name": "shop", env: "live" } },
};
const web = { matchLabels: { app: "web" } };
const live = { matchLabels: { env: "live" } };

const cases: [string, Selection, string | undefined][] = [
  ["matching labels", { selector: web }, undefined],
  ["no selector", {}, "spec.selector selects no Pod because it is not set"],
  [
    "an empty selector alone",
    { selector: {} },
    "spec.selector selects no Pod because it is empty and no namespaceSelector is set",
  ],
  [
    "an empty selector with an empty namespaceSelector",
    { selector: {}, namespaceSelector: {} },
    "spec.selector selects no Pod because it is empty and no namespaceSelector is set",
  ],
  ["an empty selector in a namespaceSelector", {
    selector: {},
    namespaceSelector: live,
  }, undefined],
  [
    "an empty selector in a namespace alone",
    { selector: {}, namespace: "shop" },
    "spec.selector selects no Pod because it is empty and no namespaceSelector is set",
  ],
  ["namespace and namespaceSelector that both hold", {
    selector: web,
    namespace: "shop",
    namespaceSelector: live,
  }, undefined],
  [
    "another namespace although the namespaceSelector holds",
    { selector: web, namespace: "bank", namespaceSelector: live },
    "spec.namespace is bank: the Pod is in namespace shop",
  ],
  [
    "a namespaceSelector that does not hold although the namespace does",
    { selector: web, namespace: "shop", namespaceSelector: { matchLabels: { env: "test" } } },
    'spec.namespaceSelector requires "env=test": namespace shop has env=live',
  ],
  ["an empty namespace as none", { selector: web, namespace: "" }, undefined],
  [
    "an absent label",
    { selector: { matchExpressions: [{ key: "tier", operator: "In", values: ["a", "b"] }] } },
    'spec.selector requires "tier in (a,b)": the Pod has no label tier',
  ],
  [
    "an opt-out label",
    { selector: { matchExpressions: [{ key: "app", operator: "NotIn", values: ["web"] }] } },
    'spec.selector requires "app!=web": the Pod has app=web',
  ],
  [
    "a label that must be absent",
    { selector: { matchExpressions: [{ key: "app", operator: "DoesNotExist" }] } },
    'spec.selector requires "!app": the Pod has app=web',
  ],
  [
    "a malformed requirement",
    { selector: { matchExpressions: [{ key: "app", operator: "In" }] } },
    'spec.selector matches nothing because its requirement "app in ()" is not valid',
  ],
];

for (const [what, spec, expected] of cases) {
  Deno.test(`selectsPod() and explainMismatch() agree about ${what}`, () => {
    const mismatch = explainMismatch(spec, place);
    assert.equal(mismatch && `${mismatch.field} ${mismatch.message}`, expected);
    assert.equal(selectsPod(spec, place), expected === undefined);
  });
}

Deno.test("explainMismatch() finds a reason exactly when selectsPod() is false", () => {
  const selection = fc.record({
    selector: anySelector,
    namespace: fc.constantFrom("one", "two"),
    namespaceSelector: anySelector,
  }, { requiredKeys: [] });
  fc.assert(fc.property(selection, anyLabels, anyLabels, (spec, labels, namespaceLabels) => {
    const place = { labels, namespace: { name: "one", labels: namespaceLabels } };
    assert.equal(explainMismatch(spec, place) === undefined, selectsPod(spec, place));
  }));
});
