import assert from "node:assert/strict";
import * as fc from "fast-check";
import jsonpatch from "fast-json-patch";
import { jsonDiff, jsonEqual } from "../../../lib/core/json/patch.ts";

Deno.test("jsonDiff() gives a patch that makes the second value of the first", () => {
  // fast-json-patch refuses these names; another test has them.
  const member = fc.jsonValue({ depthSize: "small" })
    .filter((value) => !/"(__proto__|constructor|prototype)":/.test(JSON.stringify(value)));
  const object = fc.dictionary(fc.constantFrom("a", "b", "c", "a/b", "~"), member);
  fc.assert(fc.property(object, object, (before, after) => {
    const patch = jsonDiff(before, after).map((operation) => ({ ...operation }));
    const result = jsonpatch.applyPatch(structuredClone(before), patch, true).newDocument;
    assert.deepEqual(JSON.parse(JSON.stringify(result)), JSON.parse(JSON.stringify(after)));
    assert.equal(patch.length === 0, jsonEqual(before, after));
  }));
});

Deno.test("jsonDiff() changes no more than what differs", () => {
  assert.deepEqual(
    jsonDiff(
      { a: [{ x: 1 }, { x: 2 }], "b/c": null, d: 1, e: [1] },
      { d: 1, a: [{ x: 1 }, { x: 3, y: [] }], "f~g": {}, e: [1, 2] },
    ),
    [
      { op: "remove", path: "/b~1c" },
      { op: "replace", path: "/a/1/x", value: 3 },
      { op: "add", path: "/a/1/y", value: [] },
      { op: "add", path: "/f~0g", value: {} },
      { op: "replace", path: "/e", value: [1, 2] },
    ],
  );
});

Deno.test("jsonDiff() sees a member that is named like a part of every object", () => {
  const before = JSON.parse('{"a":{}}');
  const after = JSON.parse('{"a":{"__proto__":{"b":1},"constructor":2}}');
  assert.deepEqual(jsonDiff(before, after), [
    { op: "add", path: "/a/__proto__", value: { b: 1 } },
    { op: "add", path: "/a/constructor", value: 2 },
  ]);
  assert.equal(jsonEqual(before, after), false);
});
