import assert from "node:assert/strict";
import type { ControllerRevision } from "../../../lib/api/objects.ts";
import { CUSTOM_VERSION_LABEL } from "../../../lib/api/names.ts";
import {
  byAge,
  customVersionOf,
  ownsRevision,
} from "../../../lib/core/revision/controller_revision.ts";
import { meshSidecarSet, storedRevision } from "./fixtures.ts";

const own = storedRevision({ name: "mesh-1", revision: 1 });

function changed(metadata: Partial<ControllerRevision["metadata"]>): ControllerRevision {
  return { ...own, metadata: { ...own.metadata, ...metadata } };
}

const deploymentOwner = {
  apiVersion: "apps/v1",
  kind: "DaemonSet",
  name: "mesh",
  uid: "other",
  controller: true,
};

const ownership: readonly [says: string, revision: ControllerRevision, expected: boolean][] = [
  ["labelled and controlled", own, true],
  ["labelled and controlled by nothing", changed({ ownerReferences: [] }), true],
  ["without the label", changed({ labels: {} }), false],
  ["of another SidecarSet", changed({ labels: { "kruise.io/sidecarset-name": "other" } }), false],
  ["of a workload", changed({ ownerReferences: [deploymentOwner] }), false],
  [
    "of a deleted SidecarSet of the same name",
    storedRevision({ name: "mesh-1", revision: 1, uid: "deleted" }),
    false,
  ],
];

for (const [says, revision, expected] of ownership) {
  Deno.test(`ownsRevision() judges a revision ${says}`, () => {
    assert.equal(ownsRevision(meshSidecarSet(), revision), expected);
  });
}

Deno.test("ownsRevision() goes by the name for a SidecarSet that comes from a file", () => {
  const { uid: _, ...metadata } = meshSidecarSet().metadata;
  assert.equal(ownsRevision({ ...meshSidecarSet(), metadata }, own), true);
});

const versions: readonly [says: string, spec: object, labels: object, expected?: string][] = [
  ["the field", { customVersion: "v1" }, {}, "v1"],
  ["the label", {}, { [CUSTOM_VERSION_LABEL]: "v2" }, "v2"],
  ["the field before the label", { customVersion: "v1" }, { [CUSTOM_VERSION_LABEL]: "v2" }, "v1"],
  ["neither", {}, {}],
  ["empty ones", { customVersion: "" }, { [CUSTOM_VERSION_LABEL]: "" }],
];

for (const [says, spec, labels, expected] of versions) {
  Deno.test(`customVersionOf() reads ${says}`, () => {
    assert.equal(customVersionOf({ metadata: { labels: { ...labels } }, spec }), expected);
  });
}

Deno.test("byAge() orders by number, then by time, then by name", () => {
  const ordered = [
    storedRevision({ name: "z", revision: 1 }),
    changed({ name: "y", creationTimestamp: "2026-01-01T00:00:00Z" }),
    changed({ name: "b", creationTimestamp: "2026-01-02T00:00:00Z" }),
    changed({ name: "x", creationTimestamp: "2026-01-02T00:00:00Z" }),
    storedRevision({ name: "a", revision: 2 }),
  ];
  assert.deepEqual(ordered.toReversed().sort(byAge), ordered);
});
