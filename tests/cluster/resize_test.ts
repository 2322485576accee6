import assert from "node:assert/strict";
import type { Container } from "../../lib/api/container.ts";
import type { Pod } from "../../lib/api/pod.ts";
import type { UpdateStrategy } from "../../lib/api/strategies.ts";
import { servesCoreResource } from "../../lib/kube/discovery.ts";
import { remove } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { ClusterPods, containerStatus, isReady } from "../support/cluster_pods.ts";
import { type ControlPlane, startControlPlane } from "../support/control_plane.ts";
import { installAndStart } from "../support/installation.ts";
import {
  conditionOf,
  createSidecarSet,
  patchSidecarSet,
  untilSidecarSet,
} from "../support/sidecarsets.ts";

type Resources = Container["resources"];

/** Steers the kubelet of the test's nodes. */
const ORDER = "kubelet.test/resize";

const SMALL: Resources = { requests: { cpu: "100m", memory: "64Mi" } };
const LARGE: Resources = {
  requests: { cpu: "200m", memory: "96Mi" },
  limits: { cpu: "1", memory: "128Mi" },
};

const LARGE_REQUESTS_ONLY: Resources = {
  requests: { cpu: "200m", memory: "96Mi" },
};
/** More than any node has. */
const HUGE: Resources = { requests: { cpu: "100k", memory: "64Mi" } };
const SMALL_WITH_LIMITS: Resources = {
  requests: { cpu: "50m", memory: "32Mi" },
  limits: { cpu: "500m", memory: "64Mi" },
};

const agent = (resources: Resources, more: Partial<Container> = {}) => ({
  containers: [{ name: "agent", image: "agent:1", resources, ...more }],
});

interface Given {
  readonly pods?: number;
  readonly strategy?: UpdateStrategy;
  readonly sidecars?: object;
  readonly annotations?: Record<string, string>;
  readonly main?: Resources;
}

/** A SidecarSet with `resizePolicy: InPlace`, and ready Pods with its label that it injected. */
async function given(plane: ControlPlane, app: string, given: Given = {}): Promise<string[]> {
  const { pods = 1, strategy = {}, sidecars = agent(SMALL), annotations = {}, main } = given;
  await createSidecarSet(plane, app, {
    selector: { matchLabels: { app } },
    updateStrategy: { resizePolicy: "InPlace", maxUnavailable: "100%", ...strategy },
    ...sidecars,
  });
  const cluster = new ClusterPods(plane.client);
  const names = Array.from({ length: pods }, (_, i) => `${app}-${i}`);
  const containers = [{ name: "main", image: "main:1", ...(main ? { resources: main } : {}) }];
  await Promise.all(
    names.map((name) =>
      cluster.create(name, { labels: { app }, annotations, spec: { containers } })
    ),
  );
  for (const name of names) {
    await cluster.until(name, { what: `Pod ${name} is ready`, is: isReady });
  }
  return names;
}

const resourcesOf = ({ spec }: Pod, container = "agent") =>
  [...spec.containers, ...spec.initContainers ?? []].find(({ name }) => name === container)
    ?.resources;

const imageOf = ({ spec }: Pod) => spec.containers.find(({ name }) => name === "agent")?.image;

/** Since Kubernetes 1.36 an admission plugin refuses a resize that the node can never run. */
async function refusesHugeResizes({ client }: ControlPlane): Promise<boolean> {
  const { minor }: { minor?: string } = await Object(
    await client.performRequest({
      method: "GET",
      path: "/version",
      expectJson: true,
    }),
  );
  return Number(minor) >= 36;
}

function until(
  plane: ControlPlane,
  name: string,
  { reason, updated }: { reason: string; updated?: number },
) {
  return untilSidecarSet(plane, name, {
    what: `is ${reason}`,
    is: (found) =>
      found.status?.observedGeneration === found.metadata.generation &&
      conditionOf(found, "Progressing")?.reason === reason &&
      (updated === undefined || found.status?.updatedReadyPods === updated),
  });
}

Deno.test("a resize in place on a real control plane", async (t) => {
  await using plane = await startControlPlane();
  await using controller = await installAndStart(plane);
  const pods = new ClusterPods(plane.client);
  if (!await servesCoreResource(plane.client, "pods/resize")) {
    // Kubernetes before 1.33.
    await t.step(
      "without pods/resize Pods are not upgradable, and the message says why",
      async () => {
        const [name = ""] = await given(plane, "old");
        await patchSidecarSet(plane, "old", agent(LARGE));
        const found = await until(plane, "old", { reason: "NotUpgradable" });
        assert.match(
          conditionOf(found, "Progressing")?.message ?? "",
          /has no pods\/resize, which is stable since Kubernetes 1\.35/,
        );
        await patchSidecarSet(plane, "old", agent(SMALL, { image: "agent:2" }));
        await until(plane, "old", { reason: "UpToDate", updated: 1 });
        assert.equal(imageOf(await pods.get(name)), "agent:2");
      },
    );
    return;
  }

  await t.step(
    "resources change together with an image, and nothing restarts for them",
    async () => {
      const [name = ""] = await given(plane, "both");
      await patchSidecarSet(plane, "both", agent(LARGE));
      await until(plane, "both", { reason: "UpToDate", updated: 1 });
      const resized = await pods.get(name);
      assert.deepEqual(resourcesOf(resized), LARGE);
      assert.deepEqual(containerStatus(resized, "agent")?.resources, LARGE);
      assert.equal(containerStatus(resized, "agent")?.restartCount, 0);
      await patchSidecarSet(plane, "both", agent(SMALL_WITH_LIMITS, { image: "agent:2" }));
      await until(plane, "both", { reason: "UpToDate", updated: 1 });
      const upgraded = await pods.get(name);
      assert.deepEqual(resourcesOf(upgraded), SMALL_WITH_LIMITS);
      assert.equal(imageOf(upgraded), "agent:2");
      assert.equal(containerStatus(upgraded, "agent")?.restartCount, 1, "for the image");
    },
  );

  await t.step(
    "a native sidecar is resized, and resources are added where there were none",
    async () => {
      const proxy = (resources?: Resources) => ({
        initContainers: [{
          name: "agent",
          image: "agent:1",
          restartPolicy: "Always",
          ...(resources ? { resources } : {}),
        }],
      });
      const main = { requests: { cpu: "1" } };
      const [name = ""] = await given(plane, "native", { sidecars: proxy(), main });
      await patchSidecarSet(plane, "native", proxy(LARGE));
      await until(plane, "native", { reason: "UpToDate", updated: 1 });
      const resized = await pods.get(name);
      assert.deepEqual(resourcesOf(resized), LARGE);
      assert.equal(containerStatus(resized, "agent")?.restartCount, 0);
    },
  );

  await t.step("a container with resizePolicy RestartContainer is restarted", async () => {
    const restarting = (resources: Resources) =>
      agent(resources, {
        resizePolicy: [{ resourceName: "cpu", restartPolicy: "RestartContainer" }],
      });
    const [name = ""] = await given(plane, "restarts", { sidecars: restarting(SMALL) });
    await patchSidecarSet(plane, "restarts", restarting(LARGE));
    await until(plane, "restarts", { reason: "UpToDate", updated: 1 });
    assert.equal(containerStatus(await pods.get(name), "agent")?.restartCount, 1);
  });

  await t.step("a Pod is updated only when its kubelet reports the new resources", async () => {
    const annotations = { [ORDER]: "InProgress" };
    const [name = "", other = ""] = await given(plane, "slow", {
      pods: 2,
      annotations,
      strategy: { maxUnavailable: 1 },
    });
    await patchSidecarSet(plane, "slow", agent(LARGE));
    const waiting = await until(plane, "slow", { reason: "PodResizeInProgress" });
    assert.equal(waiting.status?.updatedPods, 0);
    assert.equal(waiting.status?.readyPods, 1, "the resize uses the budget");
    assert.deepEqual(
      (await pods.list("app=slow")).map((pod) => resourcesOf(pod)?.limits !== undefined).sort(),
      [false, true],
    );
    for (const each of [name, other]) await pods.annotate(each, { [ORDER]: null });
    await until(plane, "slow", { reason: "UpToDate", updated: 2 });
  });

  await t.step("a deferred resize is named, and holds no other Pod back", async () => {
    const [name = "", other = ""] = await given(plane, "deferred", {
      pods: 2,
      strategy: { maxUnavailable: 1 },
    });
    await pods.annotate(name, { [ORDER]: "Deferred" });
    await patchSidecarSet(plane, "deferred", agent(LARGE, { image: "agent:2" }));
    const found = await until(plane, "deferred", { reason: "PodResizePending", updated: 1 });
    const { message } = conditionOf(found, "Progressing") ?? {};
    assert.match(message ?? "", /Deferred.*container agent.*enough capacity/);
    assert.equal(found.status?.notUpgradablePods, 0);
    assert.equal(imageOf(await pods.get(name)), "agent:2", "the image does not wait for it");
    assert.deepEqual(containerStatus(await pods.get(other), "agent")?.resources, LARGE);
    await pods.annotate(name, { [ORDER]: null });
    await until(plane, "deferred", { reason: "UpToDate", updated: 2 });
  });

  await t.step(
    "an infeasible resize makes a Pod not upgradable, until the set changes",
    async () => {
      const [name = ""] = await given(plane, "infeasible", { pods: 2 });
      await pods.annotate(name, { [ORDER]: "Infeasible" });
      await patchSidecarSet(plane, "infeasible", agent(LARGE));
      const found = await until(plane, "infeasible", { reason: "NotUpgradable", updated: 1 });
      assert.equal(found.status?.notUpgradablePods, 1);
      assert.match(
        conditionOf(found, "Progressing")?.message ?? "",
        /infeasible-0: PodResizePending \(Infeasible\)/,
      );
      await pods.annotate(name, { [ORDER]: null });
      await until(plane, "infeasible", { reason: "UpToDate", updated: 2 });
    },
  );

  await t.step("what the API server refuses is not upgradable, with the reason", async () => {
    await given(plane, "removed", { sidecars: agent(LARGE) });
    await patchSidecarSet(plane, "removed", { ...agent(LARGE_REQUESTS_ONLY) });
    const removed = await until(plane, "removed", { reason: "NotUpgradable" });
    assert.match(
      conditionOf(removed, "Progressing")?.message ?? "",
      /limits.cpu of container agent was removed/,
    );
    await given(plane, "besteffort", { sidecars: agent({}) });
    await patchSidecarSet(plane, "besteffort", agent(SMALL));
    const qos = await until(plane, "besteffort", { reason: "NotUpgradable" });
    assert.match(conditionOf(qos, "Progressing")?.message ?? "", /QoS class from BestEffort/);
    await given(plane, "unsupported", { annotations: { [ORDER]: "Unsupported" } });
    await patchSidecarSet(plane, "unsupported", agent(LARGE));
    const node = await until(plane, "unsupported", { reason: "NotUpgradable" });
    assert.match(conditionOf(node, "Progressing")?.message ?? "", /node does not support/);
  });

  if (await refusesHugeResizes(plane)) {
    await t.step(
      "a resize beyond the node is refused once, and holds no other Pod back",
      async () => {
        const strategy = { maxUnavailable: 1, partialUpdatePolicy: "Images" } as const;
        const names = await given(plane, "huge", { pods: 2, strategy });
        await patchSidecarSet(plane, "huge", agent(HUGE, { image: "agent:2" }));
        const found = await untilSidecarSet(plane, "huge", {
          what: "has given both Pods the image",
          is: ({ status }) => status?.notUpgradablePods === 2 && status.readyPods === 2,
        });
        assert.match(
          conditionOf(found, "Progressing")?.message ?? "",
          /the API server refuses the resize: .*enough allocatable resources: cpu/,
        );
        for (const name of names) {
          await pods.until(name, {
            what: "has the image",
            is: (pod) => imageOf(pod) === "agent:2",
          });
        }
        await patchSidecarSet(plane, "huge", agent(LARGE, { image: "agent:2" }));
        await until(plane, "huge", { reason: "UpToDate", updated: 2 });
      },
    );
  }

  await t.step(
    "the next leader finishes what was interrupted, and changes nothing twice",
    async () => {
      const [name = "", other = ""] = await given(plane, "killed", { pods: 2 });
      const [before, whole] = [await pods.get(name), await pods.get(other)];
      await controller.stop("SIGKILL");
      await patchSidecarSet(plane, "killed", agent(LARGE, { image: "agent:2" }));
      // Only the first of both patches was sent.
      const resize = { spec: { containers: [{ name: "agent", resources: LARGE }] } };
      await pods.patch(name, resize, "resize");
      await send(
        plane.client,
        remove(resources.leases, { name: "sidecarset", namespace: "sidecarset-system" }),
      );
      await controller.start();
      await until(plane, "killed", { reason: "UpToDate", updated: 2 });
      for (const [podName, { metadata }] of [[name, before], [other, whole]] as const) {
        const after = await pods.get(podName);
        assert.deepEqual([resourcesOf(after), imageOf(after)], [LARGE, "agent:2"]);
        // One for the resources, and one for the image.
        assert.equal(after.metadata.generation, (metadata.generation ?? 0) + 2);
        assert.equal(containerStatus(after, "agent")?.restartCount, 1);
      }
    },
  );

  await t.step("other changes are named, and without the policy resources are one", async () => {
    await given(plane, "named");
    await patchSidecarSet(plane, "named", agent(LARGE, { args: ["-v"] }));
    const found = await until(plane, "named", { reason: "NotUpgradable" });
    assert.match(
      conditionOf(found, "Progressing")?.message ?? "",
      /: args of container agent diff/,
    );
    await patchSidecarSet(plane, "named", { updateStrategy: { resizePolicy: "Never" } });
    const without = await untilSidecarSet(plane, "named", {
      what: "names both fields",
      is: (each) =>
        conditionOf(each, "Progressing")?.message.includes(
          ": args and resources of container agent differ",
        ) === true,
    });
    assert.equal(without.status?.notUpgradablePods, 1);
  });

  await t.step(
    "what another client has resized stays until the set's resources change",
    async () => {
      const [name = ""] = await given(plane, "vpa");
      const cpu = { requests: { cpu: "150m", memory: "64Mi" } };
      const body = { spec: { containers: [{ name: "agent", resources: cpu }] } };
      await pods.patch(name, body, "resize");
      await patchSidecarSet(plane, "vpa", agent(SMALL, { image: "agent:2" }));
      await until(plane, "vpa", { reason: "UpToDate", updated: 1 });
      assert.deepEqual(resourcesOf(await pods.get(name)), cpu);
      await patchSidecarSet(plane, "vpa", agent(LARGE, { image: "agent:2" }));
      await until(plane, "vpa", { reason: "UpToDate", updated: 1 });
      assert.deepEqual(resourcesOf(await pods.get(name)), LARGE);
      await pods.patch(name, body, "resize");
      await patchSidecarSet(plane, "vpa", agent(LARGE, { image: "agent:3" }));
      await until(plane, "vpa", { reason: "UpToDate", updated: 1 });
      const { requests } = resourcesOf(await pods.get(name)) ?? {};
      assert.equal(requests?.cpu, "150m");
    },
  );

  await t.step(
    "with partialUpdatePolicy Images, other Pods get the new image at least",
    async () => {
      const strategy = { partialUpdatePolicy: "Images", maxUnavailable: 1 } as const;
      const names = await given(plane, "partial", { pods: 2, strategy });
      await patchSidecarSet(plane, "partial", agent(SMALL, { image: "agent:2", args: ["-v"] }));
      const found = await untilSidecarSet(plane, "partial", {
        what: "has given all Pods the image",
        is: ({ status, ...each }) =>
          conditionOf({ ...each, status }, "Progressing")?.reason === "NotUpgradable" &&
          status?.observedGeneration === each.metadata.generation && status?.readyPods === 2,
      });
      assert.deepEqual(
        [found.status?.updatedPods, found.status?.notUpgradablePods],
        [0, 2],
      );
      for (const name of names) {
        const pod = await pods.get(name);
        assert.equal(imageOf(pod), "agent:2");
        assert.equal(containerStatus(pod, "agent")?.restartCount, 1);
      }
      await patchSidecarSet(plane, "partial", agent(SMALL, { args: null }));
      await until(plane, "partial", { reason: "UpToDate", updated: 2 });
      for (const name of names) assert.equal(imageOf(await pods.get(name)), "agent:1");
    },
  );
});
