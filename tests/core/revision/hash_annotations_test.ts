import assert from "node:assert/strict";
import {
  hashSidecarSet,
  recordedHashes,
  withHashAnnotations,
} from "../../../lib/core/revision/hash.ts";
import { meshSidecarSet } from "./fixtures.ts";

const hashes = { hash: "h1", hashWithoutImage: "h2" };

Deno.test("withHashAnnotations() overwrites what is recorded and keeps other annotations", () => {
  const sidecarSet = meshSidecarSet({}, {
    annotations: { note: "kept", "kruise.io/sidecarset-hash": "stale" },
  });
  assert.deepEqual(withHashAnnotations(sidecarSet, hashes).metadata.annotations, {
    note: "kept",
    "kruise.io/sidecarset-hash": "h1",
    "kruise.io/sidecarset-hash-without-image": "h2",
  });
});

Deno.test("withHashAnnotations() returns the same reference where nothing is to do", () => {
  const sidecarSet = withHashAnnotations(meshSidecarSet(), hashes);
  assert.equal(withHashAnnotations(sidecarSet, hashes), sidecarSet);
});

Deno.test("recordedHashes() reads the annotations", () => {
  assert.deepEqual(recordedHashes(withHashAnnotations(meshSidecarSet(), hashes)), hashes);
});

Deno.test("recordedHashes() computes what is not recorded", () => {
  const computed = hashSidecarSet(meshSidecarSet().spec);
  assert.deepEqual(recordedHashes(meshSidecarSet()), computed);
  const half = meshSidecarSet({}, { annotations: { "kruise.io/sidecarset-hash": "h1" } });
  assert.deepEqual(recordedHashes(half), { ...computed, hash: "h1" });
});
