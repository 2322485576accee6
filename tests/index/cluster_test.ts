import assert from "node:assert/strict";
import { CANARY_ANNOTATION, CANARY_BASE_ANNOTATION } from "../../lib/api/names.ts";
import { ClusterIndex } from "../../lib/index/cluster.ts";
import { countPods } from "../../lib/core/status/pod_class.ts";
import { changedBy, changesBy } from "../support/changes.ts";
import { podOf, sidecarSetOf } from "../support/objects.ts";

const web = sidecarSetOf();

function indexWith(...sidecarSets: ReturnType<typeof sidecarSetOf>[]): ClusterIndex {
  const index = new ClusterIndex();
  for (const prepared of sidecarSets) index.applySidecarSet(prepared);
  return index;
}

Deno.test("ClusterIndex counts a Pod as it comes, changes and goes", () => {
  const index = indexWith(web);
  const counts = () => index.pods.countsOf("web");
  const pending = podOf({ injected: [web], state: "Pending" });
  assert.deepEqual(changedBy(index, () => index.applyPod(pending)), ["web"]);
  assert.deepEqual([counts().matchedPods, counts().readyPods], [1, 0]);
  index.applyPod(podOf({ injected: [web], resourceVersion: "2" }));
  assert.deepEqual([counts().matchedPods, counts().updatedReadyPods], [1, 1]);
  index.applyPod(podOf({ injected: [web], resourceVersion: "3", state: "Succeeded" }));
  assert.equal(counts().matchedPods, 0);
  assert.deepEqual(changedBy(index, () => index.deletePod("default/pod")), []);
  assert.equal(index.pods.size, 0);
});

Deno.test("ClusterIndex does not restore a deleted object when the response to a write arrives later", () => {
  const index = indexWith(web);
  const pod = podOf({ injected: [web], resourceVersion: "2" });
  index.applyPod(podOf({ injected: [web] }));
  assert.deepEqual(changedBy(index, () => index.updatePod(pod)), ["web"]);
  index.deletePod("default/pod");
  assert.deepEqual(changedBy(index, () => index.updatePod(pod)), []);
  assert.equal(index.pods.size, 0);
  assert.deepEqual(changedBy(index, () => index.updateSidecarSet(web)), ["web"]);
  index.deleteSidecarSet("web");
  assert.deepEqual(changedBy(index, () => index.updateSidecarSet(web)), []);
  assert.equal(index.sidecarSets.size, 0);
});

Deno.test("ClusterIndex keeps one copy of what Pods have in common after writes of this process", () => {
  const index = indexWith(web);
  for (const name of ["a", "b"]) {
    index.applyPod(podOf({ name, injected: [web] }));
    index.updatePod(podOf({ name, injected: [web], resourceVersion: "2" }));
  }
  const [a, b] = ["default/a", "default/b"].map((key) => index.pods.get(key));
  assert.equal(a?.metadata.resourceVersion, "2");
  assert.deepEqual(a.spec, b?.spec);
  assert.equal(a.spec.containers, b?.spec.containers);
  assert.equal(a.metadata.annotations, b?.metadata.annotations);
});

Deno.test("ClusterIndex follows a change of the Pod's labels", () => {
  const index = indexWith(
    web,
    sidecarSetOf({ name: "db", spec: { selector: { matchLabels: { app: "db" } } } }),
  );
  index.applyPod(podOf({ injected: [web] }));
  const relabelled = podOf({ injected: [web], labels: { app: "db" }, resourceVersion: "2" });
  assert.deepEqual(changedBy(index, () => index.applyPod(relabelled)), ["db", "web"]);
  assert.equal(index.pods.countsOf("web").matchedPods, 0);
  assert.equal(index.pods.countsOf("db").uninjectedPods, 1);
});

Deno.test("ClusterIndex follows a change of the namespace's labels", () => {
  const index = indexWith(sidecarSetOf({
    spec: {
      selector: { matchLabels: { app: "web" } },
      namespaceSelector: { matchLabels: { inject: "yes" } },
    },
  }));
  index.applyNamespace({ metadata: { name: "default", labels: {} } });
  index.applyPod(podOf());
  assert.equal(index.pods.countsOf("web").uninjectedPods, 0);
  const labelled = { metadata: { name: "default", labels: { inject: "yes" } } };
  assert.deepEqual(changedBy(index, () => index.applyNamespace(labelled)), ["web"]);
  assert.equal(index.pods.countsOf("web").uninjectedPods, 1);
});

Deno.test("ClusterIndex classifies Pods again for new containers, not for a new status", () => {
  const index = indexWith(web);
  index.applyPod(podOf({ injected: [web] }));
  const before = index.pods.classesOf("web").get("default/pod");
  const newer = { containers: [{ name: "agent", image: "agent:2" }] };
  index.applySidecarSet(sidecarSetOf({ resourceVersion: "2", generation: 2, spec: newer }));
  assert.equal(index.pods.countsOf("web").updatedPods, 0);
  assert.equal(index.pods.outdatedOf("web").length, 1);
  assert.notEqual(index.pods.classesOf("web").get("default/pod"), before);
  index.applySidecarSet(
    sidecarSetOf({ resourceVersion: "3", generation: 2, spec: newer, status: { matchedPods: 1 } }),
  );
  assert.equal(index.pods.countsOf("web").updatedPods, 0);
});

Deno.test("ClusterIndex looks at the Pods again when an init container gets another name, which is in no hash", () => {
  const named = (name: string, resourceVersion: string) =>
    sidecarSetOf({
      resourceVersion,
      spec: { containers: [], initContainers: [{ name, image: "fetch:1" }] },
    });
  const index = indexWith(named("fetch", "1"));
  index.applyPod(podOf({ injected: [named("fetch", "1")] }));
  assert.equal(index.pods.countsOf("web").matchedPods, 1);
  index.applySidecarSet(named("prepare", "2"));
  assert.equal(index.pods.countsOf("web").matchedPods, 0);
});

Deno.test("ClusterIndex ignores states that are older than those it has", () => {
  const index = indexWith(sidecarSetOf({ resourceVersion: "10" }));
  index.applySidecarSet(
    sidecarSetOf({ resourceVersion: "9", spec: { selector: { matchLabels: { app: "old" } } } }),
  );
  assert.deepEqual(index.sidecarSets.get("web")?.sidecarSet.spec.selector, {
    matchLabels: { app: "web" },
  });
  index.applyPod(podOf({ resourceVersion: "10" }));
  const older = podOf({ resourceVersion: "9", labels: {} });
  assert.deepEqual(changesBy(index, () => index.applyPod(older)), []);
  assert.equal(index.pods.countsOf("web").uninjectedPods, 1);
});

Deno.test("ClusterIndex knows again the state that it has, and no other one", () => {
  const index = indexWith(web);
  const pod = podOf({ injected: [web], resourceVersion: "2" });
  index.applyPod(pod);
  assert.equal(index.knowsPod(podOf({ injected: [web], resourceVersion: "2" })), true);
  assert.equal(index.knowsPod(podOf({ injected: [web], resourceVersion: "3" })), false);
  const { uid: _uid, ...metadata } = pod.metadata;
  assert.equal(index.knowsPod({ ...pod, metadata: { ...metadata, uid: "new" } }), false);
  const { metadata: stored } = web.sidecarSet;
  assert.equal(index.knowsSidecarSet({ metadata: { ...stored } }), true);
  const changed = { ...stored, resourceVersion: "999" };
  assert.equal(index.knowsSidecarSet({ metadata: changed }), false);
  const { resourceVersion: _version, ...unversioned } = stored;
  assert.equal(index.knowsSidecarSet({ metadata: unversioned }), false);
});

Deno.test("ClusterIndex counts as missed only Pods created since the selection has been active", () => {
  const status = { effectiveSince: "2026-01-01T12:00:00Z" };
  const index = indexWith(sidecarSetOf({ status }));
  index.applyPod(podOf({ name: "older", creationTimestamp: "2026-01-01T11:59:59Z" }));
  index.applyPod(podOf({ name: "newer", creationTimestamp: "2026-01-01T12:00:01Z" }));
  assert.deepEqual(
    [index.pods.countsOf("web").uninjectedPods, index.pods.countsOf("web").missedPods],
    [2, 1],
  );
});

Deno.test("ClusterIndex does not count as missed a Pod that was labelled after its creation", () => {
  const index = indexWith(sidecarSetOf({ status: { effectiveSince: "2026-01-01T12:00:00Z" } }));
  const created = { creationTimestamp: "2026-01-01T13:00:00Z" };
  index.applyPod(podOf({ ...created, labels: {} }));
  index.applyPod(podOf({ ...created, resourceVersion: "2" }));
  assert.deepEqual(
    [index.pods.countsOf("web").uninjectedPods, index.pods.countsOf("web").missedPods],
    [1, 0],
  );
});

Deno.test("ClusterIndex gives a Pod that a canary takes to the canary alone, and back when the canary goes", () => {
  const canary = sidecarSetOf({
    name: "canary",
    annotations: { [CANARY_ANNOTATION]: "true", [CANARY_BASE_ANNOTATION]: "web" },
  });
  const index = indexWith(web);
  index.applyPod(podOf());
  index.applySidecarSet(canary);
  assert.deepEqual(
    [index.pods.countsOf("web").uninjectedPods, index.pods.countsOf("canary").uninjectedPods],
    [0, 1],
  );
  index.deleteSidecarSet("canary");
  assert.equal(index.pods.countsOf("web").uninjectedPods, 1);
});

Deno.test("ClusterIndex keeps counts equal to a count of all classes", () => {
  const index = indexWith(web);
  for (let i = 0; i < 50; i++) {
    const state = (["Pending", "Running", "Ready", "Succeeded"] as const)[i % 4];
    const injected = i % 3 === 0 ? [] : [web];
    index.applyPod(
      podOf({ name: `p${i % 20}`, uid: `${i}`, injected, ...(state ? { state } : {}) }),
    );
    if (i % 7 === 0) index.deletePod(`default/p${i % 5}`);
  }
  assert.deepEqual(
    index.pods.countsOf("web"),
    countPods(new Map(index.pods.classesOf("web")).values()),
  );
  assert.ok(index.pods.countsOf("web").matchedPods > 0);
});
