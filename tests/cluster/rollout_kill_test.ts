import assert from "node:assert/strict";
import type { Pod } from "../../lib/api/pod.ts";
import { remove } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { ClusterPods, containerStatus } from "../support/cluster_pods.ts";
import { type ControlPlane, startControlPlane } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { installAndStart } from "../support/installation.ts";
import { isAvailable, PodHistory } from "../support/pod_history.ts";
import { createSidecarSet, patchSidecarSet, untilSidecarSet } from "../support/sidecarsets.ts";

const PODS = 500;
const KILLS = 20;
const MAX_UNAVAILABLE = 40;
const EMPTY = "empty:1";

const hot = { upgradeType: "HotUpgrade", hotUpgradeEmptyImage: EMPTY } as const;
const containersAt = (version: number) => [
  { name: "cold", image: `cold:${version}` },
  { name: "hot", image: `hot:${version}`, upgradeStrategy: hot },
];

/** A process that was killed leaves its Lease behind; the next one need not wait until it has run out. */
async function removeLease({ client }: ControlPlane): Promise<void> {
  await send(
    client,
    remove(resources.leases, { name: "sidecarset", namespace: "sidecarset-system" }),
  );
}

async function createPods(pods: ClusterPods): Promise<void> {
  const names = Array.from({ length: PODS }, (_, i) => `web-${i}`);
  const spec = { containers: [{ name: "main", image: "main:1" }] };
  const annotations = { "kubelet.test/ready-delay": "50ms" };
  const create = async () => {
    for (let name = names.pop(); name; name = names.pop()) {
      await pods.create(name, { labels: { app: "web" }, annotations, spec });
    }
  };
  await Promise.all(Array.from({ length: 16 }, create));
}

const versionOf = (image: string) => Number(image.split(":")[1]);

/** Each image is newer than the one before; the halves of the hot pair take turns with the empty image. */
function assertNoImageTwice(history: PodHistory): void {
  for (const [container, images] of history.images) {
    const real = images.filter((image) => image !== EMPTY).map(versionOf);
    for (const [i, version] of real.entries()) {
      const before = real[i - 1] ?? 0;
      assert.ok(version > before, `${container} had ${images.join(", ")}`);
    }
  }
}

/** What the kubelet did: a container is restarted once for each image that it was given. */
function assertRestarts(pods: readonly Pod[], history: PodHistory): void {
  for (const pod of pods) {
    for (const container of ["main", "cold", "hot-1", "hot-2"]) {
      const { name } = pod.metadata;
      const changes = (history.images.get(`${name}/${container}`)?.length ?? 1) - 1;
      assert.equal(containerStatus(pod, container)?.restartCount, changes, `${name}/${container}`);
    }
  }
}

Deno.test("a controller that is killed 20 times in roll-outs over 500 Pods ends right", async () => {
  await using plane = await startControlPlane({ audit: true, nodes: 4 });
  await using controller = await installAndStart(plane);
  const spec = {
    selector: { matchLabels: { app: "web" } },
    containers: containersAt(1),
    updateStrategy: { maxUnavailable: MAX_UNAVAILABLE },
  };
  await createSidecarSet(plane, "web", spec);
  const pods = new ClusterPods(plane.client);
  await createPods(pods);
  await using history = await PodHistory.start(plane.client, "app=web");
  await eventually(() => history.pods.length === PODS && history.pods.every(isAvailable), {
    what: "all Pods are available",
    interval: 500,
  });
  history.resetUnavailable();

  let version = 1;
  for (let kill = 0; kill < KILLS; kill++) {
    const isDone = history.pods.every(({ spec: { containers } }) =>
      containers.some(({ image }) => image === `cold:${version}`)
    );
    if (isDone) {
      version++;
      await patchSidecarSet(plane, "web", { containers: containersAt(version) });
    }
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 1_500));
    await controller.stop("SIGKILL");
    await removeLease(plane);
    await controller.start();
  }
  await untilSidecarSet(plane, "web", {
    what: "has been rolled out",
    timeout: 300_000,
    is: ({ metadata, status }) =>
      status?.observedGeneration === metadata.generation && status?.updatedReadyPods === PODS,
  });
  const ended = await pods.list("app=web");
  assert.ok(version > 1);
  for (const { spec } of ended) {
    const images = spec.containers.map(({ image }) => image).toSorted();
    assert.deepEqual(images, [`cold:${version}`, EMPTY, `hot:${version}`, "main:1"].toSorted());
  }
  assert.ok(
    history.mostUnavailable <= MAX_UNAVAILABLE,
    `${history.mostUnavailable} Pods were unavailable at a time`,
  );
  assertNoImageTwice(history);
  assertRestarts(ended, history);
  const patches = (await plane.controllerRequests())
    .filter(({ verb, resource, code }) => verb === "patch" && resource === "pods" && code === 200);
  const changes = [...history.images].filter(([key]) => key.endsWith("/cold"))
    .reduce((sum, [, images]) => sum + images.length - 1, 0);
  // An upgrade and a flip for each version of each Pod; a process that is killed does not wait for its answer.
  assert.ok(
    patches.length <= 2 * changes && patches.length > 2 * changes - 16 * KILLS,
    `${patches.length} patches for ${changes} changes`,
  );
});
