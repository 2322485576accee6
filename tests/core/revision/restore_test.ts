import assert from "node:assert/strict";
import { hashSidecarSet } from "../../../lib/core/revision/hash.ts";
import { restorePrepared, restoreSidecarSet } from "../../../lib/core/revision/restore.ts";
import { deepFrozen } from "../../support/deep_frozen.ts";
import { meshSidecarSet, storedRevision } from "./fixtures.ts";

const current = meshSidecarSet({
  containers: [{ name: "proxy", image: "proxy:2" }, { name: "added", image: "added:1" }],
  volumes: [{ name: "cache" }],
  selector: { matchLabels: { app: "web" } },
  updateStrategy: { paused: true },
  failurePolicy: "Fail",
}, {
  annotations: {
    note: "current",
    "kruise.io/sidecarset-hash": "current",
    "kruise.io/sidecarset-hash-without-image": "current",
  },
});

const old = storedRevision({
  name: "mesh-1",
  revision: 1,
  spec: { containers: [{ name: "proxy", image: "proxy:1" }], imagePullSecrets: [{ name: "reg" }] },
});

const recorded = deepFrozen({
  ...old,
  metadata: {
    ...old.metadata,
    annotations: {
      "kruise.io/sidecarset-hash": "old",
      "kruise.io/sidecarset-hash-without-image": "old-without-image",
    },
  },
});

Deno.test("restoreSidecarSet() takes injected parts from the revision, policies from the spec", () => {
  const restored = restoreSidecarSet(current, recorded);
  assert.ok(restored.ok);
  assert.deepEqual(restored.value.spec, {
    containers: [{
      name: "proxy",
      image: "proxy:1",
      resources: {},
      upgradeStrategy: {},
      shareVolumePolicy: {},
    }],
    imagePullSecrets: [{ name: "reg" }],
    selector: { matchLabels: { app: "web" } },
    updateStrategy: { paused: true },
    failurePolicy: "Fail",
  });
  assert.equal(restored.value.status?.latestRevision, "mesh-1");
});

Deno.test("restoreSidecarSet() takes the hashes from the revision", () => {
  const restored = restoreSidecarSet(current, recorded);
  assert.ok(restored.ok);
  assert.deepEqual(restored.value.metadata.annotations, {
    note: "current",
    "kruise.io/sidecarset-hash": "old",
    "kruise.io/sidecarset-hash-without-image": "old-without-image",
  });
});

Deno.test("restoreSidecarSet() computes the hashes that the revision lacks", () => {
  const restored = restoreSidecarSet(current, old);
  assert.ok(restored.ok);
  const { hash, hashWithoutImage } = hashSidecarSet(restored.value.spec);
  assert.equal(restored.value.metadata.annotations?.["kruise.io/sidecarset-hash"], hash);
  assert.equal(
    restored.value.metadata.annotations["kruise.io/sidecarset-hash-without-image"],
    hashWithoutImage,
  );
});

Deno.test("restoreSidecarSet() says what is wrong with a revision without a spec", () => {
  const restored = restoreSidecarSet(current, { ...old, data: {} });
  assert.ok(!restored.ok);
  assert.match(
    restored.problems[0]?.message ?? "",
    /ControllerRevision mesh-1: its data has no spec/,
  );
});

Deno.test("restoreSidecarSet() names the field of a revision that does not fit the schema", () => {
  const data = { spec: { containers: [{ image: "nameless" }] } };
  const restored = restoreSidecarSet(current, { ...old, data });
  assert.ok(!restored.ok);
  assert.deepEqual(restored.problems.map(({ field }) => field), ["spec.containers[0].name"]);
});

Deno.test("restorePrepared() carries the revision's hashes and name", () => {
  const prepared = {
    name: "mesh",
    sidecarSet: current,
    hash: "current",
    hashWithoutImage: "current",
    revisionName: "mesh-2",
    problems: [],
  };
  const restored = restorePrepared(prepared, recorded);
  assert.ok(restored.ok);
  const { sidecarSet, ...rest } = restored.value;
  assert.equal(sidecarSet.spec.containers?.length, 1);
  assert.deepEqual(rest, {
    name: "mesh",
    hash: "old",
    hashWithoutImage: "old-without-image",
    revisionName: "mesh-1",
    problems: [],
  });
});
