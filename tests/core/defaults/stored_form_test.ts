import assert from "node:assert/strict";
import * as fc from "fast-check";
import { storedForm } from "../../../lib/core/defaults/sidecarset.ts";
import { hashSidecarSet } from "../../../lib/core/revision/hash.ts";
import { deepFrozen } from "../../support/deep_frozen.ts";
import { sidecarSet } from "../revision/arbitraries.ts";

const HASH = "kruise.io/sidecarset-hash";

Deno.test("storedForm() records the hashes of the defaulted object, whatever was recorded", () => {
  const stored = Object(storedForm({
    metadata: { name: "a", annotations: { [HASH]: "forged", note: "kept" } },
    spec: { containers: [{ name: "agent", image: "agent:1", args: null }] },
  }));
  const { hash, hashWithoutImage } = hashSidecarSet(stored.spec);
  assert.deepEqual(stored.metadata.annotations, {
    [HASH]: hash,
    [`${HASH}-without-image`]: hashWithoutImage,
    note: "kept",
  });
  assert.equal(stored.spec.containers[0].imagePullPolicy, "IfNotPresent");
});

Deno.test("storedForm() leaves what does not fit the schema to the schema", () => {
  const stored = Object(storedForm({
    metadata: { name: "a" },
    spec: { containers: "none", updateStrategy: { type: "Rolling" } },
  }));
  assert.equal(stored.spec.containers, "none");
  assert.equal(stored.spec.updateStrategy.type, "Rolling");
});

Deno.test("storedForm() returns the same object the second time and never changes its input", () => {
  fc.assert(fc.property(sidecarSet, (given) => {
    const once = storedForm(deepFrozen(given));
    assert.equal(storedForm(deepFrozen(once)), once);
  }));
});
