import assert from "node:assert/strict";
import fc from "fast-check";
import type { ObjectMeta } from "../../lib/api/meta.ts";
import { CUSTOM_VERSION_LABEL, REVISION_OWNER_LABEL } from "../../lib/api/names.ts";
import type { ControllerRevision } from "../../lib/api/objects.ts";
import { chooseRevision, ownRevision } from "../../lib/core/inject/revision_choice.ts";
import { compareRevisions } from "../../lib/core/revision/comparisons.ts";
import { byAge, newControllerRevision } from "../../lib/core/revision/controller_revision.ts";
import { revisionData } from "../../lib/core/revision/data.ts";
import {
  currentRevision,
  planRevisions,
  type RevisionAction,
} from "../../lib/core/revision/plan.ts";
import { restorePrepared } from "../../lib/core/revision/restore.ts";
import { internedRevision, Interning } from "../../lib/index/interning.ts";
import { projectRevision } from "../../lib/index/projection.ts";
import { deepFrozen } from "../support/deep_frozen.ts";
import { podOf, sidecarSetOf } from "../support/objects.ts";

const images = ["agent:1", "agent:2", "agent:3"];
const specs = images.map((image) =>
  sidecarSetOf({ spec: { containers: [{ name: "agent", image }], revisionHistoryLimit: 1 } })
);
const own = specs[0]!.sidecarSet.metadata;

/** What the controllers, users and other programs leave in the metadata of revisions. */
const anyMetadata = fc.record({
  uid: fc.constantFrom("r1", "r2"),
  creationTimestamp: fc.constantFrom("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
  resourceVersion: fc.constantFrom("1", "2"),
  labels: fc.constantFrom(
    { [REVISION_OWNER_LABEL]: "web" },
    { [REVISION_OWNER_LABEL]: "web", [CUSTOM_VERSION_LABEL]: "v1", app: "web" },
    { [REVISION_OWNER_LABEL]: "other" },
    { app: "web" },
  ),
  annotations: fc.constantFrom(
    { "kubectl.kubernetes.io/last-applied-configuration": "{}" },
    { "kruise.io/sidecarset-hash": "recorded", note: "x" },
  ),
  ownerReferences: fc.subarray([
    { apiVersion: "v1", kind: "ConfigMap", name: "any", uid: "c" },
    {
      apiVersion: "apps.kruise.io/v1alpha1",
      kind: "SidecarSet",
      name: "web",
      uid: own.uid ?? "",
      controller: true,
      blockOwnerDeletion: true,
    },
    { apiVersion: "apps/v1", kind: "DaemonSet", name: "web", uid: "d", controller: true },
  ]),
  managedFields: fc.constant<NonNullable<ObjectMeta["managedFields"]>>(
    [{ manager: "kubectl", fieldsV1: { "f:data": {} } }],
  ),
  finalizers: fc.constant(["example.com/hold"]),
}, { requiredKeys: [] });

/** Revisions as anybody may have stored them, with members that this program does not know. */
const anyRevision: fc.Arbitrary<ControllerRevision> = fc.record({
  prepared: fc.constantFrom(...specs),
  revision: fc.nat(3),
  metadata: anyMetadata,
  suffix: fc.nat(3),
  data: fc.constantFrom(undefined, {}, { spec: { containers: "none" }, other: "x" }),
}).map(({ prepared, revision, metadata, suffix, data }) => {
  const made = newControllerRevision({
    ...{ prepared, revision, collisionCount: 0, namespace: "sidecarset-system" },
    data: revisionData(prepared.sidecarSet.spec),
  });
  return {
    ...made,
    ...(data ? { data } : {}),
    other: { unknown: true },
    metadata: { ...made.metadata, ...metadata, name: `web-${suffix}` },
  };
});

const anyCurrent = fc.constantFrom(
  ...specs,
  ...["web-1", "web-2"].map((revisionName) =>
    sidecarSetOf({ spec: { injectionStrategy: { revision: { revisionName } } } })
  ),
  sidecarSetOf({ spec: { injectionStrategy: { revision: { customVersion: "v1" } } } }),
);

/** An action with the parts of a stored revision from which its request is made. */
function requestOf(action: RevisionAction): unknown {
  if (action.type === "create") return action;
  const { name, namespace, uid, resourceVersion } = action.stored.metadata;
  return { ...action, stored: { name, namespace, uid, resourceVersion } };
}

Deno.test("every decision about a revision is the same for its projection", () => {
  fc.assert(
    fc.property(
      fc.array(anyRevision, { maxLength: 4 }),
      anyCurrent,
      (revisions, prepared) => {
        const interning = new Interning();
        const stored = revisions.map((each) => deepFrozen(each));
        const kept = stored.map((each) => internedRevision(projectRevision(each), interning));
        const decisions = (from: readonly ControllerRevision[]) => {
          const { sidecarSet } = prepared;
          const request = {
            pod: podOf(),
            revisionsOf: () => from,
            sharesOf: () => ({ pinned: 0, matched: 0 }),
          };
          const plan = planRevisions({
            ...{ prepared, stored: from, inUse: new Set(["web-0"]), collisionCount: 0 },
            namespace: "sidecarset-system",
          });
          const { pinned, obstacle } = chooseRevision(prepared, request);
          const comparisons = compareRevisions(sidecarSet, from);
          return {
            order: from.toSorted(byAge).map(({ metadata: { name } }) => name),
            plan: { ...plan, actions: plan.actions.map(requestOf) },
            current: currentRevision(sidecarSet, from)?.metadata.name,
            pinned: [pinned?.metadata.name, obstacle],
            owned: ownRevision(prepared, { name: "web-1", request })?.metadata.name,
            restored: from.map((each) => restorePrepared(prepared, each)),
            compared: specs.map((each) => comparisons.of(each)),
          };
        };
        assert.deepEqual(decisions(kept), decisions(stored));
      },
    ),
  );
});
