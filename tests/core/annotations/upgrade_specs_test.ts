import assert from "node:assert/strict";
import * as fc from "fast-check";
import { HASH_ANNOTATION, HASH_WITHOUT_IMAGE_ANNOTATION } from "../../../lib/api/names.ts";
import type { Pod, UpgradeSpec } from "../../../lib/api/pod.ts";
import { readUpgradeSpecs, upgradeSpecsText } from "../../../lib/core/annotations/upgrade_specs.ts";

function podWith(annotations: Record<string, string>): Pod {
  return { metadata: { annotations }, spec: { containers: [] } };
}

const SPEC: UpgradeSpec = {
  updateTimestamp: "2026-01-01T00:00:00Z",
  hash: "h1",
  sidecarSetName: "web",
  sidecarList: ["agent"],
  controllerRevision: "web-1",
};

Deno.test("readUpgradeSpecs() reads both annotations by SidecarSet name", () => {
  const read = readUpgradeSpecs(podWith({
    [HASH_ANNOTATION]: JSON.stringify({ web: SPEC }),
    [HASH_WITHOUT_IMAGE_ANNOTATION]: JSON.stringify({ web: { ...SPEC, hash: "h2" } }),
  }));
  assert(read.ok);
  assert.deepEqual(read.value.full.get("web"), SPEC);
  assert.equal(read.value.withoutImage.get("web")?.hash, "h2");
});

Deno.test("readUpgradeSpecs() finds nothing where annotations are absent or empty", () => {
  for (const annotations of [{}, { [HASH_ANNOTATION]: "", [HASH_WITHOUT_IMAGE_ANNOTATION]: "" }]) {
    const read = readUpgradeSpecs(podWith(annotations));
    assert(read.ok);
    assert.equal(read.value.full.size + read.value.withoutImage.size, 0);
  }
});

Deno.test("readUpgradeSpecs() understands the old form with hash texts", () => {
  const read = readUpgradeSpecs(podWith({ [HASH_ANNOTATION]: '{"web":"h1"}' }));
  assert(read.ok);
  assert.deepEqual(read.value.full.get("web"), {
    updateTimestamp: null,
    hash: "h1",
    sidecarSetName: "web",
    sidecarList: null,
  });
});

const unreadable = ["oops", "null", "[1]", "7", '{"a":"h","b":{"hash":"h"}}', '{"a":{"hash":1}}'];
for (const text of unreadable) {
  Deno.test(`readUpgradeSpecs() names the annotation that holds ${text}`, () => {
    const read = readUpgradeSpecs(podWith({ [HASH_WITHOUT_IMAGE_ANNOTATION]: text }));
    assert(!read.ok);
    assert.deepEqual(
      read.problems.map((problem) => problem.field),
      [`metadata.annotations[${HASH_WITHOUT_IMAGE_ANNOTATION}]`],
    );
  });
}

Deno.test("readUpgradeSpecs() reads a text as before when it comes again, among many others", () => {
  const readable = (i: number) => JSON.stringify({ web: { ...SPEC, hash: `h${i % 100}` } });
  for (let i = 0; i < 200; i++) {
    const read = readUpgradeSpecs(podWith({ [HASH_ANNOTATION]: readable(i) }));
    assert(read.ok);
    assert.equal(read.value.full.get("web")?.hash, `h${i % 100}`);
    assert.equal(readUpgradeSpecs(podWith({ [HASH_ANNOTATION]: "[]" })).ok, false);
  }
});

Deno.test("readUpgradeSpecs() keeps an entry named __proto__", () => {
  const read = readUpgradeSpecs(podWith({ [HASH_ANNOTATION]: '{"__proto__":"h1"}' }));
  assert(read.ok);
  assert.equal(read.value.full.get("__proto__")?.hash, "h1");
});

Deno.test("readUpgradeSpecs() never throws, whatever the annotations hold", () => {
  const text = fc.oneof(fc.string(), fc.json());
  fc.assert(fc.property(text, text, (full, withoutImage) => {
    const read = readUpgradeSpecs(podWith({
      [HASH_ANNOTATION]: full,
      [HASH_WITHOUT_IMAGE_ANNOTATION]: withoutImage,
    }));
    assert.equal(typeof read.ok, "boolean");
  }));
});

Deno.test("upgradeSpecsText() writes the members in upstream's order, sorted by name", () => {
  const specs = new Map<string, UpgradeSpec>([
    ["web", SPEC],
    ["db", { updateTimestamp: null, hash: "<", sidecarSetName: "db", sidecarList: null }],
  ]);
  assert.equal(
    upgradeSpecsText(specs),
    '{"db":{"updateTimestamp":null,"hash":"\\u003c","sidecarSetName":"db","sidecarList":null},' +
      '"web":{"updateTimestamp":"2026-01-01T00:00:00Z","hash":"h1","sidecarSetName":"web",' +
      '"sidecarList":["agent"],"controllerRevision":"web-1"}}',
  );
});

Deno.test("readUpgradeSpecs() reads back what upgradeSpecsText() wrote", () => {
  const spec = fc.record({
    updateTimestamp: fc.option(fc.string()),
    hash: fc.string(),
    sidecarSetName: fc.string(),
    sidecarList: fc.option(fc.array(fc.string())),
    controllerRevision: fc.string({ minLength: 1 }),
  }, { noNullPrototype: true });
  fc.assert(fc.property(fc.array(fc.tuple(fc.string(), spec), { minLength: 1 }), (entries) => {
    const specs = new Map(entries);
    const read = readUpgradeSpecs(podWith({ [HASH_ANNOTATION]: upgradeSpecsText(specs) }));
    assert(read.ok);
    assert.equal(read.value.full.size, specs.size);
    for (const [name, written] of specs) assert.deepEqual(read.value.full.get(name), written);
  }));
});
