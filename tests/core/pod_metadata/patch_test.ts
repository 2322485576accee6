import assert from "node:assert/strict";
import type { PatchPodMetadata } from "../../../lib/api/sidecarset.ts";
import { patchMetadata } from "../../../lib/core/pod_metadata/patch.ts";

function changed(present: Record<string, string>, ...patches: PatchPodMetadata[]): unknown {
  const result = patchMetadata(patches, {
    annotation: (key) => present[key],
    label: () => undefined,
  });
  return result.ok ? Object.fromEntries(result.annotations) : result.obstacle.reason;
}

function changedLabels(present: Record<string, string>, ...patches: PatchPodMetadata[]): unknown {
  const result = patchMetadata(patches, {
    annotation: () => undefined,
    label: (key) => present[key],
  });
  return result.ok ? Object.fromEntries(result.labels) : result.obstacle.reason;
}

Deno.test("patchMetadata() with Retain keeps what is there, even when it is empty", () => {
  const patch = { annotations: { a: "new", b: "new", c: "new" }, patchPolicy: "Retain" as const };
  assert.deepEqual(changed({ a: "old", b: "" }, patch), { c: "new" });
  assert.deepEqual(changed({ a: "old", b: "" }, { annotations: patch.annotations }), { c: "new" });
});

Deno.test("patchMetadata() with Overwrite names only values that change", () => {
  assert.deepEqual(
    changed({ a: "old", b: "new" }, {
      annotations: { a: "new", b: "new" },
      patchPolicy: "Overwrite",
    }),
    { a: "new" },
  );
});

Deno.test("patchMetadata() with MergePatchJson takes the text as it stands where nothing is there", () => {
  const patch = { annotations: { a: "{ }" }, patchPolicy: "MergePatchJson" as const };
  assert.deepEqual(changed({}, patch), { a: "{ }" });
  assert.deepEqual(changed({ a: "" }, patch), { a: "{ }" });
});

Deno.test("patchMetadata() applies later patches to what earlier ones have made", () => {
  const merge = (text: string) => ({
    annotations: { a: text },
    patchPolicy: "MergePatchJson" as const,
  });
  assert.deepEqual(changed({ a: '{"x":1}' }, merge('{"y":2}'), merge('{"x":null}')), {
    a: '{"y":2}',
  });
});

Deno.test("patchMetadata() changes nothing when one value cannot be merged", () => {
  assert.equal(
    changed({ b: "plain" }, { annotations: { a: "1" } }, {
      annotations: { b: "{}" },
      patchPolicy: "MergePatchJson",
    }),
    "AnnotationNotJson",
  );
});

Deno.test("patchMetadata() applies Retain and Overwrite to labels, and names only values that change", () => {
  const labels = { a: "new", b: "new", c: "new" };
  const present = { a: "old", b: "new" };
  assert.deepEqual(changedLabels(present, { labels }), { c: "new" });
  assert.deepEqual(changedLabels(present, { labels, patchPolicy: "Retain" }), { c: "new" });
  assert.deepEqual(changedLabels(present, { labels, patchPolicy: "Overwrite" }), {
    a: "new",
    c: "new",
  });
});

Deno.test("patchMetadata() merges no label, and keeps labels and annotations of one key apart", () => {
  const labels = { a: "1" };
  assert.deepEqual(changedLabels({}, { labels, patchPolicy: "MergePatchJson" }), {});
  assert.deepEqual(changed({}, { labels, annotations: { a: "2" } }), { a: "2" });
});
