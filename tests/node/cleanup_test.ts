import assert from "node:assert/strict";
import { INJECTED_LIST_ANNOTATION } from "../../lib/api/names.ts";
import type { Pod } from "../../lib/api/pod.ts";
import { isReady } from "../support/cluster_pods.ts";
import { type NodeCluster, startNodeCluster } from "../support/node_cluster.ts";
import { PodHistory, runOf } from "../support/pod_history.ts";
import { createSidecarSet, deleteSidecarSet } from "../support/sidecarsets.ts";

const images = ["main:1", "agent:1", "idle:1"];

function injectedList({ metadata }: Pod): string | undefined {
  return metadata.annotations?.[INJECTED_LIST_ANNOTATION];
}

/** A SidecarSet whose sidecars become idle, and a Pod of the same name that is ready with its sidecar. */
async function given({ plane, pods }: NodeCluster, name: string): Promise<Pod> {
  await createSidecarSet(plane, name, {
    selector: { matchLabels: { app: name } },
    containers: [{ name: "agent", image: "agent:1" }],
    cleanupPolicy: { type: "Idle", idleImage: "idle:1" },
  });
  const spec = { containers: [{ name: "main", image: "main:1" }] };
  await pods.create(name, { labels: { app: name, pod: name }, spec });
  return await pods.until(name, { what: "the Pod is ready", is: isReady });
}

interface ExpectedRun {
  image: string;
  restarts: number;
  /** The SidecarSet that the Pod names. */
  list: string | undefined;
}

/** Waits until the Pod is ready with the expected sidecar. */
function untilRuns({ pods }: NodeCluster, name: string, { image, restarts, list }: ExpectedRun) {
  return pods.until(name, {
    what: `the sidecar runs ${image}`,
    is: (pod) =>
      pod.spec.containers.some((each) => each.name === "agent" && each.image === image) &&
      runOf(pod, "agent")?.restarts === restarts && isReady(pod) && injectedList(pod) === list,
  });
}

function assertMainUntouched(history: PodHistory, before: Pod): void {
  assert.deepEqual(history.runs.get(`${before.metadata.name}/main`), [runOf(before, "main")]);
  assert.equal(runOf(before, "main")?.restarts, 0);
}

Deno.test("sidecars become idle in place on a real node", async (t) => {
  await using cluster = await startNodeCluster({ images });
  const { plane, pods } = cluster;

  await t.step("after their SidecarSet was deleted, the application untouched", async () => {
    const before = await given(cluster, "deleted");
    await using history = await PodHistory.start(plane.client, "pod=deleted");
    await deleteSidecarSet(plane, "deleted");
    const after = await untilRuns(cluster, "deleted", {
      image: "idle:1",
      restarts: 1,
      list: undefined,
    });
    assert.notEqual(runOf(after, "agent")?.id, runOf(before, "agent")?.id);
    assertMainUntouched(history, before);
  });

  await t.step("while their Pod is not selected, and return when it is again", async () => {
    const before = await given(cluster, "label");
    await using history = await PodHistory.start(plane.client, "pod=label");
    await pods.patch("label", { metadata: { labels: { app: "unselected" } } });
    await untilRuns(cluster, "label", { image: "idle:1", restarts: 1, list: "label" });
    await pods.patch("label", { metadata: { labels: { app: "label" } } });
    await untilRuns(cluster, "label", { image: "agent:1", restarts: 2, list: "label" });
    assertMainUntouched(history, before);
  });
});
