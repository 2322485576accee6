import assert from "node:assert/strict";
import type { KubeObject } from "../../lib/api/objects.ts";
import type { Pod } from "../../lib/api/pod.ts";
import { create, list, remove } from "../../lib/kube/requests.ts";
import { type Resource, resource, resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { ClusterPods } from "../support/cluster_pods.ts";
import { startControlPlane } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { serveForeignWebhook } from "../support/foreign_webhook.ts";
import { installAndStart } from "../support/installation.ts";
import { isAvailable } from "../support/pod_history.ts";
import {
  conditionOf,
  createSidecarSet,
  getSidecarSet,
  patchSidecarSet,
  untilSidecarSet,
} from "../support/sidecarsets.ts";
import { createDeployment, untilReplicas } from "../support/workloads.ts";

const budgets: Resource<KubeObject & { spec?: unknown }> = resource({
  apiVersion: "policy/v1",
  kind: "PodDisruptionBudget",
  plural: "poddisruptionbudgets",
  namespaced: true,
});
const mirror = "mirror.example/";

/** A registry mirror's webhook: every image is taken from there. */
function mirrored(pod: Pod) {
  return pod.spec.containers.flatMap(({ image = "" }, index) =>
    image.startsWith(mirror)
      ? []
      : [{ op: "replace" as const, path: `/spec/containers/${index}/image`, value: mirror + image }]
  );
}

Deno.test("roll-outs with workloads and other webhooks", async (t) => {
  await using plane = await startControlPlane({ controllerManager: true });
  await using _controller = await installAndStart(plane);
  const pods = new ClusterPods(plane.client);

  await t.step(
    "Pods whose resize is infeasible are evicted with recreatePolicy Evict",
    async () => {
      const agent = (cpu: string) => ({
        containers: [{ name: "agent", image: "agent:1", resources: { requests: { cpu } } }],
      });
      const labels = { app: "infeasible" };
      await createSidecarSet(plane, "infeasible", {
        selector: { matchLabels: labels },
        ...agent("100m"),
        updateStrategy: {
          resizePolicy: "InPlace",
          recreatePolicy: "Evict",
          maxUnavailable: "100%",
        },
      });
      const annotations = { "kubelet.test/resize": "Infeasible" };
      await createDeployment(plane, "infeasible", { replicas: 2, labels, annotations });
      const before = (await pods.list("app=infeasible")).map(({ metadata }) => metadata.uid);
      await patchSidecarSet(plane, "infeasible", agent("200m"));
      await untilSidecarSet(plane, "infeasible", {
        what: "has only Pods with the new resources",
        is: ({ status }) => status?.updatedReadyPods === 2 && status.matchedPods === 2,
      });
      const after = await pods.list("app=infeasible");
      assert.ok(after.every(({ metadata }) => !before.includes(metadata.uid)));
    },
  );

  await t.step(
    "Pods that cannot be changed in place are evicted one at a time, as a PodDisruptionBudget allows",
    async () => {
      const agent = { name: "agent", image: "agent:1" };
      await createSidecarSet(plane, "recreate", {
        selector: { matchLabels: { app: "recreate" } },
        containers: [agent],
        updateStrategy: { recreatePolicy: "Evict", maxUnavailable: "100%" },
      });
      await createDeployment(plane, "recreate", { replicas: 3, labels: { app: "recreate" } });
      const selector = { matchLabels: { app: "recreate" } };
      const body = { metadata: { name: "none" }, spec: { maxUnavailable: 0, selector } };
      await send(plane.client, create(budgets, { namespace: "default", body }));
      const before = (await pods.list("app=recreate")).map(({ metadata }) => metadata.uid);
      const env = [{ name: "NEW", value: "1" }];
      await patchSidecarSet(plane, "recreate", { containers: [{ ...agent, env }] });
      await untilSidecarSet(plane, "recreate", {
        what: "has noted an eviction",
        is: ({ status }) => status?.evictions?.[0]?.attempts === 1,
      });
      await eventually(async () => {
        const { items } = await send(
          plane.client,
          list(resources.events, { namespace: "default" }),
        );
        return items.some(({ reason }) => reason === "EvictionRefused");
      }, { what: "an event names the refused eviction" });
      const uids = (await pods.list("app=recreate")).map(({ metadata }) => metadata.uid);
      assert.deepEqual(uids.toSorted(), before.toSorted());
      await send(plane.client, remove(budgets, { name: "none", namespace: "default" }));
      await untilSidecarSet(plane, "recreate", {
        what: "has been rolled out",
        is: ({ status }) => status?.updatedReadyPods === 3 && status.notUpgradablePods === 0,
      });
      await untilReplicas(plane, "recreate", { replicas: 3 });
      await untilSidecarSet(plane, "recreate", {
        what: "has nothing to remember",
        is: ({ status }) => status?.evictions === undefined,
      });
      for (const { spec } of await pods.list("app=recreate")) {
        const names = spec.containers.find(({ name }) => name === "agent")?.env?.map(({ name }) =>
          name
        );
        assert.ok(names?.includes("NEW"));
      }
    },
  );

  await t.step(
    "images that another webhook rewrites are no drift, before an upgrade and after it",
    async () => {
      await using _mirror = await serveForeignWebhook(plane, {
        name: "mirror",
        label: "mirror",
        operations: ["CREATE", "UPDATE"],
        mutate: mirrored,
      });
      const containers = (version: number) => [{ name: "agent", image: `agent:${version}` }];
      await createSidecarSet(plane, "mirrored", {
        selector: { matchLabels: { app: "mirrored" } },
        containers: containers(1),
        updateStrategy: { driftPolicy: "Repair", maxUnavailable: "100%" },
      });
      const spec = { containers: [{ name: "main", image: "main:1" }] };
      for (const name of ["mirrored-0", "mirrored-1"]) {
        await pods.create(name, { labels: { app: "mirrored", mirror: "" }, spec });
      }
      await eventually(async () => (await pods.list("app=mirrored")).every(isAvailable), {
        what: "the Pods are available",
      });
      for (const version of [1, 2]) {
        await patchSidecarSet(plane, "mirrored", { containers: containers(version) });
        await untilSidecarSet(plane, "mirrored", {
          what: `is at version ${version}`,
          is: (found) =>
            found.status?.updatedReadyPods === 2 &&
            found.status.observedGeneration === found.metadata.generation &&
            conditionOf(found, "Progressing")?.reason === "UpToDate",
        });
        for (const pod of await pods.list("app=mirrored")) {
          const image = `${mirror}agent:${version}`;
          assert.equal(pod.spec.containers.find(({ name }) => name === "agent")?.image, image);
          const record = pod.metadata.annotations?.["kruise.io/sidecarset-stored-images"];
          assert.equal(record, JSON.stringify({ agent: image }));
          assert.equal(pod.metadata.generation, version);
        }
      }
      assert.equal(
        conditionOf(await getSidecarSet(plane, "mirrored"), "Progressing")?.reason,
        "UpToDate",
      );
    },
  );

  await t.step("events report the roll-out's start and completion, once each", async () => {
    const found = await eventually(async () => {
      const { items } = await send(plane.client, list(resources.events, { namespace: "default" }));
      const own = items.filter(({ regarding }) => regarding.name === "mirrored");
      return own.some(({ reason }) => reason === "RolloutCompleted") ? own : undefined;
    }, { what: "the completion is reported" });
    const reasons = found.map(({ reason }) => reason);
    assert.equal(reasons.filter((reason) => reason === "RolloutStarted").length, 1);
    assert.equal(reasons.filter((reason) => reason === "RolloutCompleted").length, 1);
  });
});
