import assert from "node:assert/strict";
import type { SidecarSetSpec } from "../../../lib/api/sidecarset.ts";
import type { SidecarSetStatus } from "../../../lib/api/sidecarset_status.ts";
import { selectionHash } from "../../../lib/core/registration/selection.ts";
import {
  type EffectiveSinceFacts,
  effectiveSinceOf,
  nextEffectiveSince,
  notMissedText,
  specWrittenAt,
} from "../../../lib/core/status/effective_since.ts";
import { podOf, sidecarSetOf } from "../../support/objects.ts";

const CREATED = "2026-01-01T00:00:10Z";
const WRITTEN = "2026-01-01T00:01:00Z";
const REGISTERED = "2025-12-01T00:00:00Z";
const NOW = "2026-01-01T00:02:00Z";

/** A SidecarSet of a generation, created and last changed at known times. */
function stored(
  options: { generation?: number; spec?: SidecarSetSpec; status?: SidecarSetStatus },
) {
  const prepared = sidecarSetOf(options);
  const metadata = { ...prepared.sidecarSet.metadata, creationTimestamp: CREATED };
  const sidecarSet = { ...prepared.sidecarSet, metadata };
  return { ...prepared, sidecarSet, specWrittenAt: WRITTEN };
}

function since(
  prepared: ReturnType<typeof stored>,
  change: Partial<EffectiveSinceFacts> = {},
): string | undefined {
  const { status } = prepared.sidecarSet;
  return nextEffectiveSince({
    ...{ prepared, status, injecting: true, registeredSince: REGISTERED, now: new Date(NOW) },
    ...change,
  }).effectiveSince;
}

/** As the leader stored it for the first generation. */
const first: SidecarSetStatus = {
  observedGeneration: 1,
  effectiveSince: "2025-12-31T00:00:00Z",
  selectionHash: selectionHash(sidecarSetOf().sidecarSet.spec),
};

Deno.test("nextEffectiveSince() begins when a new SidecarSet was created, however late the leader sees it", () => {
  const { spec } = stored({}).sidecarSet;
  assert.equal(since(stored({})), CREATED);
  const facts = { prepared: stored({}), status: undefined, injecting: true, now: new Date(NOW) };
  assert.deepEqual(nextEffectiveSince({ ...facts, registeredSince: REGISTERED }), {
    effectiveSince: CREATED,
    selectionHash: selectionHash(spec),
  });
});

Deno.test("nextEffectiveSince() never begins before the program had a registration", () => {
  const registeredSince = "2026-01-01T00:00:30Z";
  assert.equal(since(stored({}), { registeredSince }), registeredSince);
  assert.equal(since(stored({}), { registeredSince: undefined }), undefined);
});

Deno.test("nextEffectiveSince() stays after a change that no leader saw outside of the selection", () => {
  const spec = { containers: [{ name: "agent", image: "agent:2" }] };
  assert.equal(since(stored({ generation: 5, spec, status: first })), first.effectiveSince);
});

Deno.test("nextEffectiveSince() stays while the registration is deleted, as Pods are missed then", () => {
  const prepared = stored({ status: first });
  assert.equal(since(prepared, { registeredSince: undefined }), first.effectiveSince);
  assert.equal(since(prepared, { registeredSince: NOW }), first.effectiveSince);
});

Deno.test("nextEffectiveSince() begins again when another selection was stored", () => {
  const changes: SidecarSetSpec[] = [
    { selector: { matchLabels: { app: "b" } } },
    { namespace: "shop" },
    { namespaceSelector: { matchLabels: { team: "b" } } },
  ];
  for (const spec of changes) {
    assert.equal(since(stored({ generation: 2, spec, status: first })), WRITTEN);
  }
});

Deno.test("nextEffectiveSince() ends while nothing is to be injected, and begins again with unpausing", () => {
  const paused = { injectionStrategy: { paused: true } };
  const prepared = stored({ generation: 2, spec: paused, status: first });
  assert.equal(since(prepared, { injecting: false }), undefined);
  assert.equal(since(stored({ generation: 3, status: { observedGeneration: 2 } })), WRITTEN);
});

Deno.test("nextEffectiveSince() begins now if the spec was not effective, or its time is unknown", () => {
  const seen = stored({ generation: 2, status: { observedGeneration: 2 } });
  assert.equal(since(seen), NOW);
  const { specWrittenAt: _, ...unknown } = stored({ generation: 2, status: first });
  const spec = { ...unknown.sidecarSet.spec, namespace: "shop" };
  const prepared = { ...unknown, sidecarSet: { ...unknown.sidecarSet, spec } };
  assert.equal(
    nextEffectiveSince({
      prepared,
      status: first,
      injecting: true,
      registeredSince: REGISTERED,
      now: new Date(NOW),
    }).effectiveSince,
    NOW,
  );
});

Deno.test("effectiveSinceOf() believes a status without a hash only for the generation that it was written for", () => {
  const { selectionHash: _, ...older } = first;
  assert.equal(effectiveSinceOf(stored({ generation: 1 }), older), older.effectiveSince);
  assert.equal(effectiveSinceOf(stored({ generation: 2 }), older), undefined);
});

Deno.test("selectionHash() is the same however a selection is written", () => {
  const one = {
    selector: {
      matchLabels: { a: "1", b: "2" },
      matchExpressions: [
        { key: "x", operator: "In" as const, values: ["1", "2"] },
        { key: "y", operator: "Exists" as const },
      ],
    },
  };
  const other = {
    failurePolicy: "Fail" as const,
    selector: {
      matchExpressions: [
        { key: "y", operator: "Exists" as const },
        { key: "x", operator: "In" as const, values: ["2", "1"] },
      ],
      matchLabels: { b: "2", a: "1" },
    },
  };
  assert.equal(selectionHash(one), selectionHash(other));
  assert.notEqual(selectionHash(one), selectionHash({ ...one, namespace: "shop" }));
});

Deno.test("specWrittenAt() takes the last write of the spec, not one of the status or the labels", () => {
  const entry = (time: string, field: string, subresource?: string) => ({
    time,
    fieldsV1: { [field]: {} },
    ...(subresource ? { subresource } : {}),
  });
  const managedFields = [
    entry("2026-01-01T00:00:00Z", "f:spec"),
    entry("2026-01-02T00:00:00Z", "f:spec"),
    entry("2026-01-03T00:00:00Z", "f:metadata"),
    entry("2026-01-04T00:00:00Z", "f:status", "status"),
  ];
  assert.equal(specWrittenAt({ managedFields }), "2026-01-02T00:00:00Z");
  assert.equal(specWrittenAt({}), undefined);
});

Deno.test("notMissedText() calls only a Pod older than the SidecarSet that really is", () => {
  const status = { ...first, effectiveSince: WRITTEN };
  const text = (creationTimestamp: string) =>
    notMissedText(podOf({ creationTimestamp }), stored({ status }));
  assert.match(text("2026-01-01T00:00:09Z"), /^the Pod is older than the SidecarSet$/);
  assert.match(
    text("2026-01-01T00:00:20Z"),
    /before the current selection became effective at 2026/,
  );
  assert.match(text(WRITTEN), /in the second in which the selection became effective/);
  assert.match(text(NOW), /^the labels of the Pod or of its namespace have been changed/);
});
