import assert from "node:assert/strict";
import * as fc from "fast-check";
import { type HashedSpec, hashSidecarSet } from "../../../lib/core/revision/hash.ts";
import { reversed, sidecarSet } from "./arbitraries.ts";

const container = { name: "container1", image: "test-image" };
const native = { ...container, restartPolicy: "Always" };
const EMPTY = "x5vwx9w6vv4dv72c9w4c2f6v74fbwx545b45bbfz6z2dvf8w887xw86fvcb4cf48";

const vectors: readonly [says: string, spec: HashedSpec, hash: string, hashWithoutImage: string][] =
  [
    [
      "one container without defaults",
      { containers: [container] },
      "w26c4x8fz245642fdv499b464248f974xddx4x55z5dw55bc6x66464fxz77dc78",
      "8wzddb4dvv9c6x8zdc77z4z75987424f457dfv6724ddw6zbdx467wz5x24fc759",
    ],
    [
      "a native sidecar counts",
      { containers: [container], initContainers: [native] },
      "4xwx4d4844vd4v9x79wb4xbxf4xb29475cc4446v8cz2c2f2f5c5bw448vd42z8w",
      "5725fw8bwbx249bw57v5892c847dzf48bww9zb7c86xb95264fdz26654847b2c8",
    ],
    [
      "one container with its defaults",
      {
        containers: [{
          name: "dns-f",
          image: "dns:1.0",
          imagePullPolicy: "IfNotPresent",
          terminationMessagePath: "/dev/termination-log",
          terminationMessagePolicy: "File",
          podInjectPolicy: "BeforeAppContainer",
          upgradeStrategy: { upgradeType: "ColdUpgrade" },
          shareVolumePolicy: { type: "disabled" },
        }],
      },
      "6wbd76bd7984x24fb4f44fv9222cw9v9bcf85x766744wddd4zwx927zzz2zb684",
      "82684vwf9d4cb4wz4vffx4ddfbb47ww4z4wwxdbwb8w2zbb7zvf4524cdd49bv94",
    ],
    ["nothing at all", {}, EMPTY, EMPTY],
  ];

for (const [says, spec, hash, hashWithoutImage] of vectors) {
  Deno.test(`hashSidecarSet() gives OpenKruise's hashes: ${says}`, () => {
    assert.deepEqual(hashSidecarSet(spec), { hash, hashWithoutImage });
  });
}

Deno.test("hashSidecarSet() distinguishes an empty list of containers from none", () => {
  assert.notEqual(hashSidecarSet({ containers: [] }).hash, EMPTY);
});

Deno.test("hashSidecarSet() counts plain init containers only together with a native one", () => {
  const ordinary = { name: "prepare", image: "prepare:1" };
  const plain = hashSidecarSet({ containers: [container] });
  assert.deepEqual(hashSidecarSet({ containers: [container], initContainers: [ordinary] }), plain);
  const both = hashSidecarSet({ containers: [container], initContainers: [ordinary, native] });
  const alone = hashSidecarSet({ containers: [container], initContainers: [native] });
  assert.notEqual(both.hash, alone.hash);
});

Deno.test("hashSidecarSet() gives specs that differ in images one hash without image", () => {
  const before = hashSidecarSet({ containers: [container], initContainers: [native] });
  const after = hashSidecarSet({
    containers: [{ ...container, image: "other" }],
    initContainers: [{ ...native, image: "other" }],
  });
  assert.notEqual(after.hash, before.hash);
  assert.equal(after.hashWithoutImage, before.hashWithoutImage);
});

const unknownToOpenKruise = {
  completionPolicy: "TerminateWithMain",
  restartPolicyRules: [{ action: "Restart" }],
  lifecycle: { stopSignal: "SIGUSR1" },
};

for (const [field, value] of Object.entries(unknownToOpenKruise)) {
  Deno.test(`hashSidecarSet() passes over what OpenKruise's types do not have: ${field}`, () => {
    const withField = { ...container, lifecycle: {}, [field]: value };
    const without = { ...container, lifecycle: {} };
    assert.deepEqual(
      hashSidecarSet({ containers: [withField] }),
      hashSidecarSet({ containers: [without] }),
    );
  });
}

Deno.test("hashSidecarSet() does not depend on the order of members", () => {
  fc.assert(fc.property(sidecarSet, ({ spec }) => {
    assert.deepEqual(hashSidecarSet(Object(reversed(spec))), hashSidecarSet(Object(spec)));
  }));
});
