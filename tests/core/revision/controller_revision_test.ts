import assert from "node:assert/strict";
import { newControllerRevision } from "../../../lib/core/revision/controller_revision.ts";
import { revisionData } from "../../../lib/core/revision/data.ts";
import { meshSidecarSet, UID } from "./fixtures.ts";

const sidecarSet = meshSidecarSet({ customVersion: "v3" }, {
  labels: { team: "edge", "kruise.io/sidecarset-name": "forged" },
  annotations: {
    note: "hello",
    "kubectl.kubernetes.io/last-applied-configuration": "{}",
    "kruise.io/sidecarset-hash": "stale",
  },
});

const revision = newControllerRevision({
  prepared: { sidecarSet, hash: "h1", hashWithoutImage: "h2" },
  data: revisionData(sidecarSet.spec),
  revision: 4,
  collisionCount: 0,
  namespace: "system",
});

Deno.test("newControllerRevision() labels the revision with its own name, hash and custom version", () => {
  const { name, labels } = revision.metadata;
  const hash = labels?.["controller.kubernetes.io/hash"];
  assert.equal(name, `mesh-${hash}`);
  assert.deepEqual(labels, {
    team: "edge",
    "kruise.io/sidecarset-name": "mesh",
    "controller.kubernetes.io/hash": hash,
    "apps.kruise.io/sidecarset-custom-version": "v3",
  });
});

Deno.test("newControllerRevision() copies annotations but the last applied configuration, and sets the hashes", () => {
  assert.deepEqual(revision.metadata.annotations, {
    note: "hello",
    "kruise.io/sidecarset-hash": "h1",
    "kruise.io/sidecarset-hash-without-image": "h2",
  });
});

Deno.test("newControllerRevision() makes the SidecarSet the controlling owner", () => {
  assert.deepEqual(revision.metadata.ownerReferences, [{
    apiVersion: "apps.kruise.io/v1beta1",
    kind: "SidecarSet",
    name: "mesh",
    uid: UID,
    controller: true,
    blockOwnerDeletion: true,
  }]);
});

Deno.test("newControllerRevision() keeps names within the limit of the API server", () => {
  const longest = meshSidecarSet({}, { name: "m".repeat(253) });
  const { metadata } = newControllerRevision({
    prepared: { sidecarSet: longest, hash: "h1", hashWithoutImage: "h2" },
    data: revisionData(longest.spec),
    revision: 1,
    collisionCount: 0,
    namespace: "system",
  });
  assert.ok(metadata.name !== undefined && metadata.name.length <= 253);
});
