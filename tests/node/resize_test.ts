import assert from "node:assert/strict";
import type { Container } from "../../lib/api/container.ts";
import type { Pod } from "../../lib/api/pod.ts";
import type { SidecarSetSpec } from "../../lib/api/sidecarset.ts";
import { containerStatus } from "../support/cluster_pods.ts";
import { type AppliedResources, readAppliedResources } from "../support/control_groups.ts";
import { startNodeCluster } from "../support/node_cluster.ts";
import { assertUntouched, createInjectedPod, upgrade } from "../support/node_rollout.ts";
import { PodHistory, runOf } from "../support/pod_history.ts";
import { conditionOf, patchSidecarSet, untilSidecarSet } from "../support/sidecarsets.ts";

type Resources = Container["resources"];

const MEBIBYTE = 1024 ** 2;

const SMALL: Resources = {
  requests: { cpu: "100m", memory: "32Mi" },
  limits: { cpu: "200m", memory: "64Mi" },
};
const LARGE: Resources = {
  requests: { cpu: "200m", memory: "64Mi" },
  limits: { cpu: "500m", memory: "128Mi" },
};
/** Limits that the kernel has for a container with these resources. */
const SMALL_LIMITS = { cpuLimit: 0.2, memoryLimit: 64 * MEBIBYTE };
const LARGE_LIMITS = { cpuLimit: 0.5, memoryLimit: 128 * MEBIBYTE };
/** More than any machine has. */
const HUGE: Resources = {
  requests: { cpu: "100k", memory: "64Mi" },
  limits: { cpu: "100k", memory: "128Mi" },
};

type Sidecar = Partial<SidecarSetSpec>;

const inPlace = { updateStrategy: { resizePolicy: "InPlace" } } as const;

const ordinary = (resources: Resources, more: Partial<Container> = {}): Sidecar => ({
  ...inPlace,
  containers: [{ name: "agent", image: "agent:1", resources, ...more }],
});

const native = (resources: Resources): Sidecar => ({
  ...inPlace,
  initContainers: [{ name: "agent", image: "agent:1", restartPolicy: "Always", resources }],
});

/** A change of cpu restarts the container. */
const restarting = (resources: Resources): Sidecar =>
  ordinary(resources, {
    resizePolicy: [{ resourceName: "cpu", restartPolicy: "RestartContainer" }],
  });

/** Changes that the kubelet makes by one restart. */
const RESTARTS: Readonly<Record<string, readonly [Sidecar, Sidecar]>> = {
  "resize-policy-restart-container": [restarting(SMALL), restarting(LARGE)],
  "with-an-image": [ordinary(SMALL), ordinary(LARGE, { image: "agent:2" })],
};

/** What the kernel applies to the sidecar that the Pod's status names. */
function applied(pod: Pod): AppliedResources {
  const run = runOf(pod, "agent");
  const found = readAppliedResources(run?.id ?? "");
  console.log(`${pod.metadata.name}: ${JSON.stringify(found)}, restartCount ${run?.restarts}`);
  return found;
}

function assertLimits(pod: Pod, limits: Omit<AppliedResources, "cpuWeight">): void {
  const { cpuWeight: _, ...found } = applied(pod);
  assert.deepEqual(found, limits);
}

Deno.test("resizes in place on a real node", async (t) => {
  await using cluster = await startNodeCluster({
    images: ["main:1", "agent:1", "agent:2"],
    podControlGroups: true,
  });
  const { plane } = cluster;

  for (const [name, sidecar] of Object.entries({ ordinary, native })) {
    await t.step(
      `${name}: the control group of the sidecar changes, and nothing restarts`,
      async () => {
        const before = await createInjectedPod(cluster, name, sidecar(SMALL));
        await using history = await PodHistory.start(plane.client, `app=${name}`);
        const small = applied(before);
        assertLimits(before, SMALL_LIMITS);

        const grown = await upgrade(cluster, name, sidecar(LARGE));
        assert.deepEqual(containerStatus(grown, "agent")?.resources, LARGE);
        assertLimits(grown, LARGE_LIMITS);
        assert.ok(applied(grown).cpuWeight > small.cpuWeight, "more is requested");

        const shrunk = await upgrade(cluster, name, sidecar(SMALL));
        assert.deepEqual(containerStatus(shrunk, "agent")?.resources, SMALL);
        assert.deepEqual(applied(shrunk), small);
        for (const container of ["main", "agent"]) assertUntouched(history, before, container);
      },
    );
  }

  for (const [name, [old, young]] of Object.entries(RESTARTS)) {
    await t.step(`${name}: the sidecar restarts once, with the new resources`, async () => {
      const before = await createInjectedPod(cluster, name, old);
      await using history = await PodHistory.start(plane.client, `app=${name}`);
      const after = await upgrade(cluster, name, young);
      assert.deepEqual(containerStatus(after, "agent")?.resources, LARGE);
      assertLimits(after, LARGE_LIMITS);
      assert.notEqual(runOf(after, "agent")?.id, runOf(before, "agent")?.id);
      const restarts = history.runs.get(`${name}/agent`)?.map((run) => run.restarts);
      assert.deepEqual([...new Set(restarts)], [0, 1]);
      assertUntouched(history, before, "main");
    });
  }

  await t.step("a resize beyond the node is infeasible, and changes nothing", async () => {
    const before = await createInjectedPod(cluster, "infeasible", ordinary(SMALL));
    await using history = await PodHistory.start(plane.client, "app=infeasible");
    await patchSidecarSet(plane, "infeasible", ordinary(HUGE));
    const found = await untilSidecarSet(plane, "infeasible", {
      what: "is not upgradable",
      is: (each) => conditionOf(each, "Progressing")?.reason === "NotUpgradable",
    });
    assert.match(
      conditionOf(found, "Progressing")?.message ?? "",
      /: the API server refuses the resize: .*node didn't have enough allocatable resources: cpu/,
    );
    assertLimits(await cluster.pods.get("infeasible"), SMALL_LIMITS);

    const after = await upgrade(cluster, "infeasible", ordinary(LARGE));
    assertLimits(after, LARGE_LIMITS);
    for (const container of ["main", "agent"]) assertUntouched(history, before, container);
  });
});
