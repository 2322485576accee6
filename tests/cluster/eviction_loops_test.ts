import assert from "node:assert/strict";
import { isObject } from "../../lib/api/json.ts";
import type { SidecarSetSpec } from "../../lib/api/sidecarset.ts";
import { create } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { ClusterPods } from "../support/cluster_pods.ts";
import { startControlPlane } from "../support/control_plane.ts";
import { installAndStart } from "../support/installation.ts";
import {
  createSidecarSet,
  getSidecarSet,
  patchSidecarSet,
  untilSidecarSet,
} from "../support/sidecarsets.ts";
import { untilSecondsLater } from "../support/whole_seconds.ts";
import { createDeployment } from "../support/workloads.ts";

const everyEviction = {
  missedPodPolicy: "Evict",
  cleanupPolicy: { type: "Evict" },
  updateStrategy: { recreatePolicy: "Evict", maxUnavailable: "100%" },
} satisfies SidecarSetSpec;

Deno.test("no Pod is evicted whose replacement would not be up to date", async () => {
  await using plane = await startControlPlane({ controllerManager: true, audit: true });
  await using _controller = await installAndStart(plane);
  const spec = (name: string, image = "agent:1"): SidecarSetSpec => ({
    ...everyEviction,
    selector: { matchLabels: { app: name } },
    containers: [{ name: "agent", image }],
  });

  // Pinned: the Pods are outdated, and their replacements would be outdated as well.
  await createSidecarSet(plane, "pinned", spec("pinned"));
  await createDeployment(plane, "pinned", { replicas: 2, labels: { app: "pinned" } });
  const { status } = await getSidecarSet(plane, "pinned");
  const revisionName = status?.latestRevision ?? "";
  await patchSidecarSet(plane, "pinned", { injectionStrategy: { revision: { revisionName } } });
  const env = [{ name: "NEW", value: "1" }];
  await patchSidecarSet(plane, "pinned", {
    containers: [{ name: "agent", image: "agent:1", env }],
  });
  await untilSidecarSet(plane, "pinned", {
    what: "has outdated Pods",
    is: (found) => found.status?.notUpgradablePods === 2,
  });

  // Paused, and outdated in a way that only replacements could fix.
  await createSidecarSet(plane, "paused", spec("paused"));
  await createDeployment(plane, "paused", { replicas: 2, labels: { app: "paused" } });
  await patchSidecarSet(plane, "paused", {
    injectionStrategy: { paused: true },
    containers: [{ name: "agent", image: "agent:1", env }],
  });

  // In conflict: missed, as the replacements would be.
  await createSidecarSet(plane, "conflict", {
    ...spec("conflict"),
    containers: [{ name: "main", image: "agent:1" }],
  });
  await untilSecondsLater();
  await createDeployment(plane, "conflict", { replicas: 2, labels: { app: "conflict" } });
  await untilSidecarSet(plane, "conflict", {
    what: "has missed Pods",
    is: (found) => found.status?.missedPods === 2,
  });

  // Excluded by namespace: uninjected, as the replacements would be, and not missed.
  await createSidecarSet(plane, "excluded", spec("excluded"));
  await untilSecondsLater();
  const labels = { app: "excluded" };
  await createDeployment(plane, "excluded", { replicas: 2, namespace: "kube-public", labels });
  await untilSidecarSet(plane, "excluded", {
    what: "has uninjected Pods",
    is: ({ status }) => status?.uninjectedPods === 2 && status.missedPods === 0,
  });

  // Labelled later: 1,000 Pods that are uninjected, but not missed.
  const name = "later";
  await send(plane.client, create(resources.namespaces, { body: { metadata: { name } } }));
  await createSidecarSet(plane, name, {
    ...spec(name),
    namespaceSelector: { matchLabels: { sidecars: "on" } },
  });
  await createDeployment(plane, name, { replicas: 1_000, namespace: name, labels: { app: name } });
  await plane.client.performRequest({
    method: "PATCH",
    path: `/api/v1/namespaces/${name}`,
    contentType: "application/merge-patch+json",
    bodyJson: { metadata: { labels: { sidecars: "on" } } },
    expectJson: true,
  });
  await untilSidecarSet(plane, name, {
    what: "has 1,000 uninjected Pods",
    is: (found) => found.status?.uninjectedPods === 1_000,
  });

  // Widened: another SidecarSet selects the same 1,000 Pods after a change of its selector.
  await createSidecarSet(plane, "widened", {
    ...everyEviction,
    selector: { matchLabels: { app: "narrow" } },
    containers: [{ name: "other", image: "other:1" }],
  });
  await patchSidecarSet(plane, "widened", { selector: { matchLabels: { app: name } } });
  const widened = await untilSidecarSet(plane, "widened", {
    what: "has 1,000 uninjected Pods",
    is: (found) => found.status?.uninjectedPods === 1_000,
  });
  assert.equal(widened.status?.missedPods, 0);

  const uids = async (namespace: string, label: string) =>
    (await new ClusterPods(plane.client, namespace).list(`deployment=${label}`))
      .map(({ metadata }) => metadata.uid).sort();
  const all = async () => [
    await uids("default", "pinned"),
    await uids("default", "paused"),
    await uids("default", "conflict"),
    await uids("kube-public", "excluded"),
    await uids(name, name),
  ];
  const before = await all();
  assert.deepEqual(before.map(({ length }) => length), [2, 2, 2, 2, 1_000]);

  // Replaceable: the controller evicts these Pods after it has decided about all others.
  await createSidecarSet(plane, "replaceable", spec("replaceable"));
  await createDeployment(plane, "replaceable", { replicas: 3, labels: { app: "replaceable" } });
  await patchSidecarSet(plane, "replaceable", {
    containers: [{ name: "agent", image: "agent:1", env }],
  });
  await untilSidecarSet(plane, "replaceable", {
    what: "has replaced its Pods",
    is: ({ metadata, status }) =>
      status?.observedGeneration === metadata.generation && status?.updatedReadyPods === 3,
  });
  assert.deepEqual(await all(), before);
  const evicted = (await plane.controllerRequests())
    .filter(({ resource }) => resource === "pods/eviction").map(({ name }) => name);
  assert.ok(evicted.length > 0);
  assert.deepEqual(evicted.filter((pod) => !pod.startsWith("replaceable-")), []);
  const progressing = (await getSidecarSet(plane, "pinned")).status?.conditions?.find(({ type }) =>
    type === "Progressing"
  );
  assert.ok(isObject(progressing));
  assert.match(String(progressing.message), /stays: /);
});
