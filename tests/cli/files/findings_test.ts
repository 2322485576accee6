import assert from "node:assert/strict";
import { readDocuments } from "../../../lib/cli/files/documents.ts";
import { lineOfField } from "../../../lib/cli/files/findings.ts";
import { manifestsOf } from "../../../lib/cli/files/manifests.ts";
import { stringTerminal } from "../string_terminal.ts";

const FILE = `# line 1
kind: Other
---
kind: Thing
metadata:
  annotations:
    example.com/key.with.dots: "1"
spec:
  containers:
  - name: a
    image: b
  -
    name: c
    env: [{ name: X,
            value: 1 }]
---
kind: List
items:
- kind: Thing
  spec:
    name: deep
`;

const LINES: [string, number][] = [
  ["kind", 4],
  ["metadata.annotations[example.com/key.with.dots]", 7],
  ["spec.containers", 9],
  ["spec.containers[0]", 10],
  ["spec.containers[0].image", 11],
  ["spec.containers[1].name", 13],
  ["spec.containers[1].env[0].value", 15],
  ["spec.containers[1].image", 13],
  ["spec.containers[7]", 9],
  ["spec.selector.matchLabels[app]", 8],
  ["nothing", 4],
  ["", 4],
];

for (const [field, line] of LINES) {
  Deno.test(`lineOfField() finds "${field}" or what is nearest to it`, async () => {
    const documents = await readDocuments(["f"], stringTerminal({ files: { f: FILE } }));
    const thing = manifestsOf(documents)[1];
    assert.ok(thing);
    assert.equal(lineOfField(thing, field), line);
  });
}

Deno.test("lineOfField() finds fields of an object in a List", async () => {
  const documents = await readDocuments(["f"], stringTerminal({ files: { f: FILE } }));
  const inList = manifestsOf(documents)[2];
  assert.ok(inList);
  assert.equal(lineOfField(inList, "spec.name"), 21);
  assert.equal(lineOfField(inList, "metadata"), 19);
});
