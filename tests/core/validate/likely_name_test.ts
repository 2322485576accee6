import assert from "node:assert/strict";
import fc from "fast-check";
import { editDistance, likelyName } from "../../../lib/core/validate/unknown_fields.ts";

const NAMES = ["failurePolicy", "updateStrategy", "shareVolumePolicy", "image", "env", "envFrom"];

Deno.test("likelyName() finds the name that is meant", () => {
  const meant: [string, string][] = [
    ["failPolicy", "failurePolicy"],
    ["faliurePolicy", "failurePolicy"],
    ["FailurePolicy", "failurePolicy"],
    ["updatestrategy", "updateStrategy"],
    ["shareVolumesPolicy", "shareVolumePolicy"],
    ["imgae", "image"],
    ["envs", "env"],
  ];
  for (const [text, name] of meant) assert.equal(likelyName(text, NAMES), name, text);
});

Deno.test("likelyName() finds none where none is close", () => {
  for (const text of ["replicas", "x", "", "imagination", "strategy"]) {
    assert.equal(likelyName(text, NAMES), undefined, text);
  }
});

Deno.test("editDistance() counts edits", () => {
  const cases: [string, string, number][] = [
    ["", "abc", 3],
    ["abc", "abc", 0],
    ["abc", "acb", 1],
    ["kitten", "sitting", 3],
    ["maxunavialable", "maxunavailable", 1],
  ];
  for (const [a, b, distance] of cases) assert.equal(editDistance(a, b), distance, `${a} ${b}`);
});

Deno.test("editDistance() is symmetric and zero for equal texts only", () => {
  const text = fc.string({ maxLength: 8, unit: fc.constantFrom("a", "b", "c") });
  fc.assert(fc.property(text, text, (a, b) => {
    assert.equal(editDistance(a, b), editDistance(b, a));
    assert.equal(editDistance(a, b) === 0, a === b);
    assert.ok(editDistance(a, b) <= Math.max(a.length, b.length));
  }));
});
