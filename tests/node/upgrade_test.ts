import assert from "node:assert/strict";
import type { Pod } from "../../lib/api/pod.ts";
import { containerStatus } from "../support/cluster_pods.ts";
import { startNodeCluster } from "../support/node_cluster.ts";
import { assertUntouched, createInjectedPod, upgrade } from "../support/node_rollout.ts";
import { PodHistory, runOf } from "../support/pod_history.ts";
import { patchSidecarSet } from "../support/sidecarsets.ts";

const images = ["main:1", "agent:1", "agent:2", "agent:3", "proxy:1", "proxy:2", "empty:1"];

function assertRestarted(before: Pod, after: Pod, container: string): void {
  const [old, young] = [before, after].map((pod) => runOf(pod, container));
  assert.deepEqual([old?.restarts, young?.restarts], [0, 1]);
  assert.notEqual(young?.id, old?.id);
  assert.notEqual(
    containerStatus(after, container)?.imageID,
    containerStatus(before, container)?.imageID,
  );
}

Deno.test("image upgrades on a real node", async (t) => {
  await using cluster = await startNodeCluster({ images });
  const { plane } = cluster;

  await t.step("an ordinary sidecar is restarted, and nothing else", async () => {
    const agent = (image: string) => ({
      initContainers: [{ name: "proxy", image: "proxy:1", restartPolicy: "Always" }],
      containers: [{ name: "agent", image }],
    });
    const before = await createInjectedPod(cluster, "ordinary", agent("agent:1"));
    await using history = await PodHistory.start(plane.client, "app=ordinary");
    const after = await upgrade(cluster, "ordinary", agent("agent:2"));
    assertRestarted(before, after, "agent");
    for (const container of ["main", "proxy"]) assertUntouched(history, before, container);
  });

  await t.step("a native sidecar is restarted, and nothing else", async () => {
    const proxy = (image: string) => ({
      initContainers: [{ name: "proxy", image, restartPolicy: "Always" }],
      containers: [{ name: "agent", image: "agent:1" }],
    });
    const before = await createInjectedPod(cluster, "native", proxy("proxy:1"));
    await using history = await PodHistory.start(plane.client, "app=native");
    const after = await upgrade(cluster, "native", proxy("proxy:2"));
    assertRestarted(before, after, "proxy");
    for (const container of ["main", "agent"]) assertUntouched(history, before, container);
  });

  await t.step("a hot upgrade empties the old half when the new one runs", async () => {
    const hot = (image: string) => ({
      containers: [{
        name: "agent",
        image,
        upgradeStrategy: { upgradeType: "HotUpgrade", hotUpgradeEmptyImage: "empty:1" } as const,
      }],
    });
    const before = await createInjectedPod(cluster, "hot", hot("agent:1"));
    await using history = await PodHistory.start(plane.client, "app=hot");
    const after = await upgrade(cluster, "hot", hot("agent:2"));
    assert.deepEqual(history.images.get("hot/agent-1"), ["agent:1", "empty:1"]);
    assert.deepEqual(history.images.get("hot/agent-2"), ["empty:1", "agent:2"]);
    for (const half of ["agent-1", "agent-2"]) assertRestarted(before, after, half);
    const [old = "", young = ""] = ["agent-1", "agent-2"].map((half) =>
      containerStatus(after, half)?.state?.running?.startedAt
    );
    assert.ok(young <= old, `the new half started at ${young}, after the old one ended: ${old}`);
    assertUntouched(history, before, "main");
  });

  await t.step("an image that is not there is followed by the next one", async () => {
    const agent = (image: string) => ({ containers: [{ name: "agent", image }] });
    const before = await createInjectedPod(cluster, "repaired", agent("agent:1"));
    await using history = await PodHistory.start(plane.client, "app=repaired");
    await patchSidecarSet(plane, "repaired", agent("absent:1"));
    await cluster.pods.until("repaired", {
      what: "the sidecar waits for its image",
      is: (pod) => /Image/.test(containerStatus(pod, "agent")?.state?.waiting?.reason ?? ""),
    });
    const after = await upgrade(cluster, "repaired", agent("agent:3"));
    assert.notEqual(runOf(after, "agent")?.id, runOf(before, "agent")?.id);
    assertUntouched(history, before, "main");
  });
});
