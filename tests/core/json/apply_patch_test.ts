import assert from "node:assert/strict";
import fastJsonPatch from "fast-json-patch";
import type { JsonPatchOperation } from "../../../lib/api/json.ts";
import { applyPatch, injectedPod } from "../../../lib/core/json/patch.ts";
import { frozen, podWith } from "../inject/fixtures.ts";

const DOCUMENT = frozen({ a: { "b/c~d": 1, list: [1, 2, 3] }, e: null });

const fitting: JsonPatchOperation[] = [
  { op: "add", path: "/a/new", value: { x: 1 } },
  { op: "add", path: "/a/b~1c~0d", value: 2 },
  { op: "replace", path: "/a/b~1c~0d", value: 3 },
  { op: "remove", path: "/a/b~1c~0d" },
  { op: "add", path: "/a/list/-", value: 4 },
  { op: "add", path: "/a/list/3", value: 4 },
  { op: "add", path: "/a/list/0", value: 0 },
  { op: "replace", path: "/a/list/1", value: 9 },
  { op: "remove", path: "/a/list/2" },
  { op: "test", path: "/a/list", value: [1, 2, 3] },
  { op: "test", path: "/a", value: { list: [1, 2, 3], "b/c~d": 1 } },
  { op: "replace", path: "", value: 7 },
];
for (const operation of fitting) {
  Deno.test(`applyPatch() applies ${JSON.stringify(operation)} as an independent applier does`, () => {
    const expected = fastJsonPatch.applyPatch(
      structuredClone(DOCUMENT),
      structuredClone<fastJsonPatch.Operation[]>([operation]),
    ).newDocument;
    assert.deepEqual(applyPatch(DOCUMENT, [operation]), expected);
  });
}

const unfitting: JsonPatchOperation[] = [
  { op: "replace", path: "/missing", value: 1 },
  { op: "remove", path: "/missing" },
  { op: "add", path: "/missing/deeper", value: 1 },
  { op: "add", path: "/a/list/4", value: 1 },
  { op: "replace", path: "/a/list/3", value: 1 },
  { op: "replace", path: "/a/list/-", value: 1 },
  { op: "add", path: "/a/list/01", value: 1 },
  { op: "add", path: "/a/list/x", value: 1 },
  { op: "add", path: "/e/x", value: 1 },
  { op: "add", path: "/a/constructor/x", value: 1 },
  { op: "test", path: "/a/list", value: [1, 2] },
];
for (const operation of unfitting) {
  Deno.test(`applyPatch() throws for ${JSON.stringify(operation)}`, () => {
    assert.throws(() => applyPatch(DOCUMENT, [operation]), {
      name: "TypeError",
      message: new RegExp(`^Cannot ${operation.op} ${operation.path}`),
    });
  });
}

Deno.test("applyPatch() shares what it does not touch", () => {
  const document = { touched: [1], untouched: [2] };
  const patched = applyPatch(document, [{ op: "add", path: "/touched/-", value: 3 }]);
  assert.deepEqual(patched, { touched: [1, 3], untouched: [2] });
  assert.equal(Reflect.get(Object(patched), "untouched"), document.untouched);
});

Deno.test("applyPatch() adds a member named __proto__ as a member", () => {
  const patched = applyPatch({}, [{ op: "add", path: "/__proto__", value: { polluted: true } }]);
  assert.equal(JSON.stringify(patched), '{"__proto__":{"polluted":true}}');
  assert.equal(Reflect.get(Object(patched), "polluted"), undefined);
});

Deno.test("injectedPod() refuses a patch that leaves no Pod behind", () => {
  assert.throws(() => injectedPod(podWith(), [{ op: "remove", path: "/spec" }]), TypeError);
});
