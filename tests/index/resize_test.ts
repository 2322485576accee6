import assert from "node:assert/strict";
import { ClusterIndex } from "../../lib/index/cluster.ts";
import { projectPod } from "../../lib/index/projection.ts";
import { LARGE, podWith, revisionOf, setWith, SMALL } from "../core/rollout/resize_scene.ts";

const old = setWith({ resources: SMALL });
const current = setWith({ resources: LARGE }, { generation: 2 });

/** An index with a SidecarSet of other resources than its Pod has. */
function indexed(): ClusterIndex {
  const index = new ClusterIndex();
  index.applySidecarSet(current);
  index.applyPod(projectPod(podWith(old)));
  return index;
}

const notUpgradable = (index: ClusterIndex) => index.pods.countsOf("web").notUpgradablePods;

Deno.test("ClusterIndex compares Pods with revisions whenever these come and go", () => {
  const index = indexed();
  assert.equal(notUpgradable(index), 1, "what the Pod was created with is not known");
  const revision = revisionOf(old);
  index.applyRevision(revision);
  assert.equal(notUpgradable(index), 0);
  index.deleteRevision(revision.metadata.name ?? "");
  assert.equal(notUpgradable(index), 1);
});

Deno.test("ClusterIndex counts Pods as not upgradable while the API server has no pods/resize", () => {
  const index = indexed();
  index.applyRevision(revisionOf(old));
  const published: string[] = [];
  index.changes.subscribe(({ sidecarSets }) => published.push(...sidecarSets));
  index.applyResizeSupport(false);
  assert.equal(notUpgradable(index), 1);
  assert.deepEqual(published, ["web"]);
  index.applyResizeSupport(true);
  assert.equal(notUpgradable(index), 0);
});

Deno.test("ClusterIndex compares Pods again when resizePolicy changes", () => {
  const index = indexed();
  index.applyRevision(revisionOf(old));
  const strategy = { resizePolicy: "Never" as const };
  index.applySidecarSet(setWith({ resources: LARGE }, { generation: 3, strategy }));
  assert.equal(notUpgradable(index), 1);
});

Deno.test("projectPod() keeps resources of Pods with sidecars only", () => {
  const pod = podWith(old);
  const { spec, status } = projectPod(pod);
  assert.deepEqual(spec.containers.find(({ name }) => name === "agent")?.resources, SMALL);
  assert.ok(status?.containerStatuses?.every(({ state }) => state?.running !== undefined));
  const { annotations: _, ...metadata } = pod.metadata;
  const other = projectPod({ ...pod, metadata });
  assert.ok(other.spec.containers.every(({ resources }) => resources === undefined));
  assert.ok(other.status?.containerStatuses?.every(({ resources }) => resources === undefined));
});
