import assert from "node:assert/strict";
import fc from "fast-check";
import { readAs } from "../../../lib/api/read.ts";
import { type LabelSelector, labelSelector } from "../../../lib/api/meta.ts";
import { matcherOf, matchesSelector } from "../../../lib/core/select/label_selector.ts";
import { anyLabels, anySelector } from "./arbitraries.ts";

const web = { app: "web", tier: "front" };
const cases: [string, LabelSelector | undefined, boolean][] = [
  ["an absent selector matches nothing", undefined, false],
  ["an empty selector matches everything", {}, true],
  ["an empty selector with empty parts matches everything", {
    matchLabels: {},
    matchExpressions: [],
  }, true],
  ["matchLabels matches the same value", { matchLabels: { app: "web" } }, true],
  ["matchLabels does not match another value", { matchLabels: { app: "db" } }, false],
  ["matchLabels does not match an absent label", { matchLabels: { zone: "a" } }, false],
  ["all of matchLabels must hold", { matchLabels: { app: "web", tier: "back" } }, false],
  ["In matches a listed value", on("app", "In", ["db", "web"]), true],
  ["In does not match an unlisted value", on("app", "In", ["db"]), false],
  ["In does not match an absent label", on("zone", "In", ["a"]), false],
  ["NotIn matches an unlisted value", on("app", "NotIn", ["db"]), true],
  ["NotIn does not match a listed value", on("app", "NotIn", ["web"]), false],
  ["NotIn matches an absent label", on("zone", "NotIn", ["a"]), true],
  ["Exists matches any value", on("app", "Exists"), true],
  ["Exists does not match an absent label", on("zone", "Exists"), false],
  ["DoesNotExist matches an absent label", on("zone", "DoesNotExist"), true],
  ["DoesNotExist does not match any value", on("app", "DoesNotExist"), false],
  ["a label of a property every object has is absent", on("constructor", "DoesNotExist"), true],
  ["a key that starts with an underscore matches nothing", on("__proto__", "DoesNotExist"), false],
  ["NotIn without values matches nothing", on("app", "NotIn"), false],
  ["Exists with values matches nothing", on("app", "Exists", ["web"]), false],
  ["one value that no label can have spoils a list", on("app", "In", ["web", "a b"]), false],
  ["a key that no label can have matches nothing", on("a b", "DoesNotExist"), false],
  ["matchLabels and matchExpressions must both hold", {
    matchLabels: { app: "web" },
    ...on("tier", "NotIn", ["front"]),
  }, false],
];

function on(key: string, operator: "In" | "NotIn" | "Exists" | "DoesNotExist", values?: string[]) {
  return { matchExpressions: [{ key, operator, ...(values ? { values } : {}) }] };
}

for (const [sentence, selector, expected] of cases) {
  Deno.test(`matchesSelector(): ${sentence}`, () => {
    assert.equal(matchesSelector(selector, web), expected);
  });
}

Deno.test("matchesSelector() matches a conjunction exactly when it matches each of its requirements", () => {
  fc.assert(fc.property(anySelector, anyLabels, (selector, labels) => {
    const { matchLabels = {}, matchExpressions = [] } = selector;
    const parts: LabelSelector[] = [
      ...Object.entries(matchLabels).map(([key, value]) => ({ matchLabels: { [key]: value } })),
      ...matchExpressions.map((requirement) => ({ matchExpressions: [requirement] })),
    ];
    const expected = parts.every((part) => matchesSelector(part, labels));
    assert.equal(matchesSelector(selector, labels), expected);
  }));
});

Deno.test("matchesSelector() never throws on what the schema lets through", () => {
  fc.assert(fc.property(fc.jsonValue(), anyLabels, (value, labels) => {
    const read = readAs(labelSelector, value);
    if (read.ok) assert.equal(typeof matchesSelector(read.value, labels), "boolean");
  }));
});

Deno.test("matcherOf() judges one label set after the other as matchesSelector() judges each", () => {
  const selector = fc.oneof(anySelector, fc.constantFrom(...cases.map(([, selector]) => selector)));
  fc.assert(fc.property(selector, fc.array(anyLabels), (selector = {}, all) => {
    const matches = matcherOf(selector);
    for (const labels of [...all, web, ...all]) {
      assert.equal(matches(labels), matchesSelector(selector, labels));
    }
  }));
});
