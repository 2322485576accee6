import assert from "node:assert/strict";
import type { ObservedPod } from "../../lib/core/observed_pod.ts";
import { ClusterIndex } from "../../lib/index/cluster.ts";
import { projectNamespace, projectPod } from "../../lib/index/projection.ts";
import { podOf, sidecarSetOf } from "../support/objects.ts";

const status = { effectiveSince: "2026-01-01T00:00:00Z" };
const CREATED = "2026-01-02T00:00:00Z";

function labelled(time: string, key: string) {
  return { time, fieldsV1: { "f:metadata": { "f:labels": { [`f:${key}`]: {} } } } };
}

/** A Pod as the watch brings it, that a process sees for the first time. */
function pod(...managedFields: ReturnType<typeof labelled>[]): ObservedPod {
  const bare = podOf({ creationTimestamp: CREATED });
  return projectPod({ ...bare, metadata: { ...bare.metadata, managedFields } });
}

function missedOf(index: ClusterIndex, first: ObservedPod): number {
  index.applyPod(first);
  return index.pods.countsOf("web").missedPods;
}

Deno.test("a Pod that was created with the selected label counts as missed", () => {
  const index = new ClusterIndex();
  index.applySidecarSet(sidecarSetOf({ status }));
  assert.equal(missedOf(index, pod(labelled(CREATED, "app"))), 1);
});

Deno.test("a Pod labelled later is not missed, also for a process that starts after that", () => {
  const index = new ClusterIndex();
  index.applySidecarSet(sidecarSetOf({ status }));
  const later = pod(labelled(CREATED, "team"), labelled("2026-01-02T00:10:00Z", "app"));
  assert.equal(missedOf(index, later), 0);
  assert.equal(index.pods.countsOf("web").uninjectedPods, 1);
});

Deno.test("Pods of a namespace labelled later are not missed, also after a restart", () => {
  const spec = { namespaceSelector: { matchLabels: { sidecars: "on" } } };
  const index = new ClusterIndex();
  index.applySidecarSet(sidecarSetOf({ status, spec }));
  const namespaceAt = (time: string) =>
    projectNamespace({
      metadata: {
        name: "default",
        labels: { sidecars: "on" },
        creationTimestamp: "2025-01-01T00:00:00Z",
        managedFields: [labelled(time, "sidecars")],
      },
    });
  index.applyNamespace(namespaceAt("2026-01-02T00:10:00Z"));
  assert.equal(missedOf(index, pod(labelled(CREATED, "app"))), 0);
  const before = new ClusterIndex();
  before.applySidecarSet(sidecarSetOf({ status, spec }));
  before.applyNamespace(namespaceAt("2026-01-01T12:00:00Z"));
  assert.equal(missedOf(before, pod(labelled(CREATED, "app"))), 1);
});

Deno.test("a Pod that is seen before its namespace is counts as missed once that is known", () => {
  const spec = { namespaceSelector: { matchLabels: { sidecars: "on" } } };
  const index = new ClusterIndex();
  index.applySidecarSet(sidecarSetOf({ status, spec }));
  index.applyPod(pod());
  index.applyNamespace({ metadata: { name: "default", labels: { sidecars: "on" } } });
  assert.equal(index.pods.countsOf("web").missedPods, 1);
  index.applyNamespace({ metadata: { name: "default" } });
  index.applyNamespace({ metadata: { name: "default", labels: { sidecars: "on" } } });
  assert.equal(index.pods.countsOf("web").missedPods, 0, "this time it was labelled later");
});

/**
 * What a process finds when it starts: Pods of an opt-out selector, and the number of them that were counted as missed
 * before.
 */
function found({ missedPods, countedUntil }: { missedPods: number; countedUntil: string }) {
  const selector = {
    matchLabels: { app: "web" },
    matchExpressions: [{ key: "agent", operator: "NotIn" as const, values: ["off"] }],
  };
  const index = new ClusterIndex();
  index.applySidecarSet(sidecarSetOf({ status: { ...status, missedPods }, spec: { selector } }));
  for (const name of ["a", "b"]) index.applyPod(podOf({ name, creationTimestamp: CREATED }));
  index.markSelectedLater(new Date(countedUntil));
  const { uninjectedPods, missedPods: missed } = index.pods.countsOf("web");
  return { uninjectedPods, missed };
}

Deno.test("Pods that lost an opt-out label do not count as missed, though the process starts after that", () => {
  const countedUntil = "2026-01-02T00:00:20Z";
  assert.deepEqual(found({ missedPods: 0, countedUntil }), { uninjectedPods: 2, missed: 0 });
  assert.deepEqual(found({ missedPods: 1, countedUntil }), { uninjectedPods: 2, missed: 0 });
});

Deno.test("Pods that were counted as missed, or could not be counted any more, still are when a process starts", () => {
  const later = "2026-01-02T00:00:20Z";
  assert.equal(found({ missedPods: 2, countedUntil: later }).missed, 2);
  assert.equal(found({ missedPods: 0, countedUntil: "2026-01-02T00:00:05Z" }).missed, 2);
});

Deno.test("projectPod() keeps no entry of managedFields of a Pod that was never labelled later", () => {
  assert.deepEqual(pod(labelled(CREATED, "app")).metadata.managedFields, []);
});
