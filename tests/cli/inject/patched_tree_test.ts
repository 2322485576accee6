import fc from "fast-check";
import assert from "node:assert/strict";
import type { JsonPatchOperation } from "../../../lib/api/json.ts";
import { readDocuments } from "../../../lib/cli/files/documents.ts";
import { patchedTree } from "../../../lib/cli/inject/patched_tree.ts";
import { applyPatch } from "../../../lib/core/json/patch.ts";
import { stringTerminal } from "../string_terminal.ts";

async function patched(text: string, patch: readonly JsonPatchOperation[]) {
  const [document] = await readDocuments(["m"], stringTerminal({ files: { m: text } }));
  assert.ok(document);
  return { document, tree: patchedTree(document, [{ path: [], patch }]) };
}

const LAYOUTS: Record<string, string> = {
  block: "# top\nmeta:\n  name: web # name\nlist:\n- a: 1 # one\n- b: 2\nempty: {}\n",
  flow: "meta: { name: web }\nlist: [{ a: 1 }, { b: 2 }]\nempty: {}\n",
  JSON: '{"meta": {"name": "web"}, "list": [{"a": 1}, {"b": 2}], "empty": {}}',
  aliases: "meta: { name: web }\nempty: &empty {}\nlist: [{ a: 1 }, { b: 2, <<: *empty }]\n",
};

/** Any JSON value without the key `<<`: YAML 1.1 reads it as a merge, and no field of Kubernetes has that name. */
const jsonValue = () =>
  fc.jsonValue({ maxDepth: 2 }).filter((value) => !JSON.stringify(value).includes('"<<"'));

const operation: fc.Arbitrary<JsonPatchOperation> = fc.oneof(
  fc.record({
    op: fc.constant("add" as const),
    path: fc.constantFrom("/list/0", "/list/1", "/list/-", "/new", "/meta/x~1y~0z", "/empty/on"),
    value: jsonValue(),
  }),
  fc.record({
    op: fc.constant("replace" as const),
    path: fc.constantFrom("/meta/name", "/list/0", "/meta"),
    value: jsonValue(),
  }),
  fc.record({ op: fc.constant("remove" as const), path: fc.constantFrom("/list/0", "/empty") }),
);

for (const [layout, text] of Object.entries(LAYOUTS)) {
  Deno.test(`patchedTree() of ${layout} is what the JSON patch makes of the object`, async () => {
    await fc.assert(fc.asyncProperty(operation, async (each) => {
      const { document, tree } = await patched(text, [each]);
      const expected = JSON.stringify(applyPatch(document.object, [each]));
      assert.deepEqual(JSON.parse(JSON.stringify(tree.toJS())), JSON.parse(expected));
    }));
  });
}

Deno.test("patchedTree() leaves the document that it was given as it was", async () => {
  const { document } = await patched(LAYOUTS.block ?? "", [{ op: "remove", path: "/list" }]);
  assert.deepEqual(document.tree.toJS(), document.object);
});

Deno.test("patchedTree() keeps comments next to what it changes, and of a scalar it replaces", async () => {
  const { tree } = await patched(LAYOUTS.block ?? "", [
    { op: "replace", path: "/meta/name", value: "api" },
    { op: "add", path: "/list/0", value: { z: 0 } },
  ]);
  const text = tree.toString({ indentSeq: false });
  assert.equal(
    text,
    "# top\nmeta:\n  name: api # name\nlist:\n- z: 0\n- a: 1 # one\n- b: 2\nempty: {}\n",
  );
});
