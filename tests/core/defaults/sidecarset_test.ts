import assert from "node:assert/strict";
import * as fc from "fast-check";
import { applyDefaults } from "../../../lib/core/defaults/sidecarset.ts";
import { deepFrozen } from "../../support/deep_frozen.ts";
import { sidecarSet } from "../revision/arbitraries.ts";

function defaultedSpec(spec: object): unknown {
  return applyDefaults({ spec: { ...spec } }).spec;
}

Deno.test("applyDefaults() sets the strategy and the history limit", () => {
  assert.deepEqual(defaultedSpec({}), {
    updateStrategy: { type: "RollingUpdate", partition: 0, maxUnavailable: 1 },
    revisionHistoryLimit: 10,
  });
});

Deno.test("applyDefaults() keeps zeros that are meant", () => {
  const spec = {
    updateStrategy: { type: "NotUpdate", partition: 0, maxUnavailable: 0 },
    revisionHistoryLimit: 0,
  };
  assert.deepEqual(defaultedSpec(spec), spec);
});

Deno.test("applyDefaults() puts containers before and init containers after the Pod's own", () => {
  const { containers, initContainers } = Object(
    defaultedSpec({ containers: [{ name: "a" }], initContainers: [{ name: "b" }] }),
  );
  assert.equal(containers[0].podInjectPolicy, "BeforeAppContainer");
  assert.equal(initContainers[0].podInjectPolicy, "AfterAppContainer");
});

Deno.test("applyDefaults() sets the policies of patches and of a pinned revision", () => {
  const { patchPodMetadata, injectionStrategy } = Object(defaultedSpec({
    patchPodMetadata: [{ annotations: {} }, { patchPolicy: "Overwrite" }],
    injectionStrategy: { revision: { revisionName: "r" } },
  }));
  assert.deepEqual(patchPodMetadata, [
    { annotations: {}, patchPolicy: "Retain" },
    { patchPolicy: "Overwrite" },
  ]);
  assert.deepEqual(injectionStrategy, { revision: { revisionName: "r", policy: "Always" } });
});

Deno.test("applyDefaults() writes nothing into fields that OpenKruise does not have", () => {
  const spec = Object(defaultedSpec({ containers: [{ name: "a" }] }));
  const fields = ["failurePolicy", "conflictPolicy", "missedPodPolicy", "cleanupPolicy"];
  assert.deepEqual(fields.filter((field) => field in spec), []);
  assert.ok(!("completionPolicy" in spec.containers[0]));
});

Deno.test("applyDefaults() is idempotent and never changes its input", () => {
  fc.assert(fc.property(sidecarSet, (given) => {
    const once = applyDefaults(deepFrozen(given));
    assert.equal(applyDefaults(deepFrozen(once)), once);
  }));
});

Deno.test("applyDefaults() passes over parts of any other type", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (given) => {
      const once = applyDefaults(given);
      assert.equal(applyDefaults(once), once);
    }),
    { examples: [[{ spec: { containers: "x", volumes: [1], updateStrategy: [] } }]] },
  );
});
