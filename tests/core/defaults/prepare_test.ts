import assert from "node:assert/strict";
import { TOO_DEEP } from "../../../lib/api/problems.ts";
import { prepareSidecarSet, toPrepared } from "../../../lib/core/defaults/prepare.ts";
import type { PreparedSidecarSet } from "../../../lib/core/prepared.ts";
import { deepFrozen } from "../../support/deep_frozen.ts";

const raw = deepFrozen({
  apiVersion: "apps.kruise.io/v1beta1",
  kind: "SidecarSet",
  metadata: { name: "dns" },
  spec: { containers: [{ name: "dns-f", image: "dns:1.0", args: null }], volumes: null },
});

Deno.test("prepareSidecarSet() applies defaults before it hashes", () => {
  const read = prepareSidecarSet(raw, { revisionName: "dns-1" });
  assert.ok(read.ok);
  const { sidecarSet, ...rest } = read.value;
  assert.equal(sidecarSet.spec.updateStrategy?.type, "RollingUpdate");
  assert.deepEqual(rest, {
    name: "dns",
    hash: "6wbd76bd7984x24fb4f44fv9222cw9v9bcf85x766744wddd4zwx927zzz2zb684",
    hashWithoutImage: "82684vwf9d4cb4wz4vffx4ddfbb47ww4z4wwxdbwb8w2zbb7zvf4524cdd49bv94",
    revisionName: "dns-1",
    problems: [],
  });
});

Deno.test("prepareSidecarSet() prepares both versions the same", () => {
  const [alpha, beta] = ["v1alpha1", "v1beta1"].map((version) =>
    prepareSidecarSet({ ...raw, apiVersion: `apps.kruise.io/${version}` })
  );
  assert.ok(alpha?.ok && beta?.ok);
  assert.deepEqual(
    { ...alpha.value, sidecarSet: alpha.value.sidecarSet.spec },
    { ...beta.value, sidecarSet: beta.value.sidecarSet.spec },
  );
});

Deno.test("prepareSidecarSet() takes an empty text for absent, as the API server's webhooks do", () => {
  const read = prepareSidecarSet({
    ...raw,
    spec: { containers: [{ name: "a", image: "a:1", podInjectPolicy: "" }] },
  });
  assert.ok(read.ok);
  assert.equal(read.value.sidecarSet.spec.containers?.[0]?.podInjectPolicy, "BeforeAppContainer");
});

Deno.test("prepareSidecarSet() names what does not fit the schema", () => {
  const read = prepareSidecarSet({ ...raw, spec: { updateStrategy: { type: "Rolling" } } });
  assert.ok(!read.ok);
  assert.deepEqual(read.problems.map(({ reason, field }) => ({ reason, field })), [
    { reason: "FieldValueNotSupported", field: "spec.updateStrategy.type" },
  ]);
  assert.ok(!prepareSidecarSet("no object").ok);
});

Deno.test("prepareSidecarSet() does not look into what is nested as deep as the API server stores it", () => {
  const levels = 9_900;
  const futureField: unknown = JSON.parse('{"a":'.repeat(levels) + "1" + "}".repeat(levels));
  const containers = [{ name: "a", image: "a:1", futureField }];
  const read = prepareSidecarSet({ metadata: { name: "deep" }, spec: { containers } });
  assert.deepEqual(read, { ok: false, problems: [TOO_DEEP] });
});

Deno.test("prepareSidecarSet() looks for problems in the defaulted object", () => {
  const problem = { reason: "FieldValueRequired", field: "spec.selector", message: "is required" };
  const read = prepareSidecarSet(raw, {
    problemsOf: ({ spec }) =>
      spec.revisionHistoryLimit === 10 ? [{ ...problem, reason: "FieldValueRequired" }] : [],
  });
  assert.ok(read.ok);
  assert.deepEqual(read.value.problems, [problem]);
});

/** A stored state of the SidecarSet, as the API server sends it. */
const stored = (
  metadata: Readonly<Record<string, unknown>> = {},
  rest: Readonly<Record<string, unknown>> = {},
) => ({
  ...raw,
  ...rest,
  metadata: {
    ...raw.metadata,
    ...{ uid: "1", generation: 1, resourceVersion: "7", labels: { team: "a" } },
    managedFields: [{ time: "2026-01-01T00:00:00Z", fieldsV1: { "f:spec": {} } }],
    ...metadata,
  },
});

/** What `toPrepared` makes of a state after the stored one, and how often it validated the SidecarSet again. */
function preparedAfter(known: PreparedSidecarSet, next: ReturnType<typeof stored>) {
  let validations = 0;
  const problemsOf = () => {
    validations++;
    return [];
  };
  const prepared = toPrepared(next, problemsOf, { known });
  assert.deepEqual(prepared, toPrepared(next, () => []), "as without the known state");
  return validations;
}

const known = deepFrozen(toPrepared(stored({}, { status: { matchedPods: 1 } }), () => []));

Deno.test("toPrepared() prepares a state with another status from the known one", () => {
  const managedFields = [
    { time: "2026-01-01T00:00:00Z", fieldsV1: { "f:spec": {} } },
    { time: "2026-01-01T00:00:05Z", fieldsV1: { "f:spec": {} } },
  ];
  for (const metadata of [{ resourceVersion: "8" }, { resourceVersion: "8", managedFields }]) {
    assert.equal(preparedAfter(known, stored(metadata, { status: { matchedPods: 2 } })), 0);
    assert.equal(preparedAfter(known, stored(metadata)), 0, "a status that was removed");
  }
});

Deno.test("toPrepared() prepares every state again that may differ in more than its status", () => {
  const deep: unknown = JSON.parse('{"a":'.repeat(9_900) + "1" + "}".repeat(9_900));
  const cases: Readonly<Record<string, ReturnType<typeof stored>>> = {
    "another generation": stored({ generation: 2 }, { spec: { containers: [] } }),
    "another object": stored({ uid: "2" }, { spec: { containers: [] } }),
    "other labels": stored({ labels: {} }),
    "another annotation": stored({ annotations: { note: "1" } }),
  };
  for (const [what, next] of Object.entries(cases)) {
    assert.equal(preparedAfter(known, next), 1, what);
  }
  for (const status of [{ matchedPods: "2" }, deep]) {
    assert.equal(preparedAfter(known, stored({}, { status })), 0, "its status cannot be read");
  }
  const { resourceVersion: _, ...metadata } = known.sidecarSet.metadata;
  const unversioned = { ...known, sidecarSet: { ...known.sidecarSet, metadata } };
  const rolledBack = stored({ resourceVersion: "5" }, { spec: { containers: [] } });
  assert.equal(preparedAfter(unversioned, rolledBack), 1, "a rollback of the store");
  const problem = { reason: "FieldValueRequired" as const, field: "spec", message: "no" };
  assert.equal(preparedAfter({ ...known, problems: [problem] }, stored()), 1, "an invalid state");
});

Deno.test("toPrepared() keeps neither managed fields nor the copy of kubectl apply", () => {
  const key = "kubectl.kubernetes.io/last-applied-configuration";
  const { metadata } =
    toPrepared(stored({ annotations: { [key]: "{}", note: "x" } }), () => []).sidecarSet;
  assert.deepEqual(metadata.annotations, { note: "x" });
  assert.equal(metadata.managedFields, undefined);
});
