import assert from "node:assert/strict";
import { changedBy } from "../support/changes.ts";
import { HASH_ANNOTATION, HASH_WITHOUT_IMAGE_ANNOTATION } from "../../lib/api/names.ts";
import type { ControllerRevision } from "../../lib/api/objects.ts";
import { ClusterIndex } from "../../lib/index/cluster.ts";
import { revisionOf as revisionOfSpec } from "../core/rollout/resize_scene.ts";
import { sidecarSetOf } from "../support/objects.ts";

/** A revision of the SidecarSet `web`, as anybody may store one who has the rights. */
function revisionOf(more: Partial<ControllerRevision>): ControllerRevision {
  const labels = { "kruise.io/sidecarset-name": "web" };
  const metadata = { name: "web-1", namespace: "sidecarset-system", labels, resourceVersion: "1" };
  return { apiVersion: "apps/v1", kind: "ControllerRevision", metadata, revision: 1, ...more };
}

const HOSTILE: Readonly<Record<string, Partial<ControllerRevision>>> = {
  "nested as deep as JSON may be": { data: JSON.parse("[".repeat(9_990) + "]".repeat(9_990)) },
  "with a number that cannot be counted on from": { revision: 9223372036854775807 },
  "without data": {},
  "with data that is no object": Object({ data: "text" }),
  "with a list as data": Object({ data: [1] }),
};
for (const [what, more] of Object.entries(HOSTILE)) {
  Deno.test(`ClusterIndex works in spite of a revision ${what}`, () => {
    const index = new ClusterIndex();
    index.applySidecarSet(sidecarSetOf());
    index.applyRevision(revisionOf(more));
    index.applySidecarSet(sidecarSetOf({ resourceVersion: "2" }));
    assert.equal(index.sidecarSets.get("web")?.revisionName, "");
    index.deleteRevision("web-1");
    assert.deepEqual(index.revisions.of("web"), []);
  });
}

Deno.test("RevisionIndex forgets a revision that becomes one that cannot be read", () => {
  const index = new ClusterIndex();
  index.applyRevision(revisionOf({ data: {} }));
  assert.equal(index.revisions.of("web").length, 1);
  const { metadata } = revisionOf({});
  const changed = { metadata: { ...metadata, resourceVersion: "2" }, revision: 2 ** 60 };
  assert.deepEqual(changedBy(index, () => index.applyRevision(revisionOf(changed))), ["web"]);
  assert.deepEqual(index.revisions.of("web"), []);
});

Deno.test("RevisionIndex keeps the newer state where the watch lags behind an answer", () => {
  const index = new ClusterIndex();
  const { metadata } = revisionOf({});
  const state = (resourceVersion: string, uid: string, revision: number) =>
    revisionOf({ metadata: { ...metadata, uid, resourceVersion }, revision, data: {} });
  index.applyRevision(state("10", "a", 2));
  assert.deepEqual(changedBy(index, () => index.applyRevision(state("9", "a", 1))), []);
  assert.deepEqual(index.revisions.of("web").map(({ revision }) => revision), [2]);
  index.applyRevision(state("11", "a", 3));
  index.applyRevision(state("5", "b", 1));
  assert.deepEqual(
    index.revisions.of("web").map(({ revision }) => revision),
    [1],
    "another object, as after a restored backup",
  );
});

Deno.test("RevisionIndex keeps equal data once, and nothing that is not read", () => {
  const index = new ClusterIndex();
  const { metadata } = revisionOf({});
  const hashes = { [HASH_ANNOTATION]: "a", [HASH_WITHOUT_IMAGE_ANNOTATION]: "b" };
  for (const name of ["web-1", "web-2"]) {
    index.applyRevision(revisionOf({
      metadata: {
        ...metadata,
        name,
        labels: { ...metadata.labels, app: "web" },
        annotations: { ...hashes, "kubectl.kubernetes.io/last-applied-configuration": "{}" },
        managedFields: [{ manager: "sidecarset", fieldsV1: { "f:data": {} } }],
      },
      data: { spec: { containers: [{ name: "agent" }] } },
    }));
  }
  const [first, second] = index.revisions.of("web");
  assert.deepEqual(first, {
    metadata: { ...metadata, annotations: hashes },
    data: { spec: { containers: [{ name: "agent" }] } },
    revision: 1,
  });
  assert.equal(first?.data, second?.data);
  assert.equal(first?.metadata.annotations, second?.metadata.annotations);
});

Deno.test("a SidecarSet of which only the status changes keeps its revision until that changes", () => {
  const index = new ClusterIndex();
  const prepared = sidecarSetOf();
  const revision = revisionOfSpec(prepared);
  const nameAfter = (resourceVersion: string, uid = prepared.sidecarSet.metadata.uid) => {
    const { sidecarSet } = prepared;
    const metadata = { ...sidecarSet.metadata, resourceVersion, ...(uid ? { uid } : {}) };
    index.applySidecarSet({ ...prepared, sidecarSet: { ...sidecarSet, metadata } });
    return index.sidecarSets.get("web")?.revisionName;
  };
  assert.equal(nameAfter("1"), "");
  index.applyRevision(revision);
  const name = revision.metadata.name ?? "";
  assert.deepEqual([nameAfter("2"), nameAfter("3")], [name, name]);
  assert.equal(nameAfter("4", "recreated"), "", "the revision has another owner");
  assert.equal(nameAfter("5"), name);
  index.deleteRevision(name);
  assert.deepEqual([nameAfter("6"), nameAfter("7")], ["", ""]);
});
