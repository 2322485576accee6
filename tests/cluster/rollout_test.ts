import assert from "node:assert/strict";
import { UPGRADABLE_CONDITION } from "../../lib/api/names.ts";
import type { Pod } from "../../lib/api/pod.ts";
import type { SidecarSetSpec } from "../../lib/api/sidecarset.ts";
import { ClusterPods, containerStatus } from "../support/cluster_pods.ts";
import { type ControlPlane, startControlPlane } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { installAndStart } from "../support/installation.ts";
import { isAvailable, PodHistory } from "../support/pod_history.ts";
import {
  conditionOf,
  createSidecarSet,
  deleteSidecarSet,
  getSidecarSet,
  patchSidecarSet,
  untilSidecarSet,
} from "../support/sidecarsets.ts";

type Containers = NonNullable<SidecarSetSpec["containers"]>;

/** A SidecarSet's spec for Pods of an application. */
function specFor(app: string, containers: Containers, more: Partial<SidecarSetSpec> = {}) {
  return { selector: { matchLabels: { app } }, containers, ...more };
}

/** Creates Pods of an application and waits until all of them are available. */
async function createPods(plane: ControlPlane, app: string, count: number): Promise<ClusterPods> {
  const pods = new ClusterPods(plane.client);
  const spec = { containers: [{ name: "main", image: "main:1" }] };
  const names = Array.from({ length: count }, (_, i) => `${app}-${i}`);
  await Promise.all(names.map((name) => pods.create(name, { labels: { app }, spec })));
  await eventually(async () => {
    const found = await pods.list(`app=${app}`);
    return found.length === count && found.every(isAvailable);
  }, { what: `the Pods of ${app} are available` });
  return pods;
}

/** Waits until a SidecarSet has rolled out to all of its Pods. */
function untilUpdated(plane: ControlPlane, name: string) {
  return untilSidecarSet(plane, name, {
    what: "has been rolled out",
    is: ({ metadata, status }) =>
      status?.observedGeneration === metadata.generation &&
      status?.updatedReadyPods === status?.matchedPods &&
      status?.conditions?.some(({ reason }) => reason === "UpToDate") === true,
  });
}

function restarts(pod: Pod, container: string): number | undefined {
  return containerStatus(pod, container)?.restartCount;
}

const imageOf = (pod: Pod, container: string) =>
  [...pod.spec.containers, ...pod.spec.initContainers ?? []]
    .find(({ name }) => name === container)?.image;

Deno.test("roll-outs on a real control plane", async (t) => {
  await using plane = await startControlPlane();
  await using _controller = await installAndStart(plane);

  await t.step("an image reaches running Pods in place, within maxUnavailable", async () => {
    const strategy = { updateStrategy: { maxUnavailable: 2 } };
    await createSidecarSet(
      plane,
      "cold",
      specFor("cold", [{ name: "agent", image: "agent:1" }], strategy),
    );
    const pods = await createPods(plane, "cold", 12);
    await untilUpdated(plane, "cold");
    await using history = await PodHistory.start(plane.client, "app=cold");
    await patchSidecarSet(plane, "cold", { containers: [{ name: "agent", image: "agent:2" }] });
    await untilUpdated(plane, "cold");
    assert.equal(history.mostUnavailable, 2);
    for (const pod of await pods.list("app=cold")) {
      assert.equal(imageOf(pod, "agent"), "agent:2");
      assert.deepEqual([restarts(pod, "agent"), restarts(pod, "main")], [1, 0]);
      const types = pod.status?.conditions?.map(({ type }) => type);
      assert.ok(!types?.includes(UPGRADABLE_CONDITION), "an upgrade is one write");
    }
  });

  await t.step("a native sidecar is upgraded in place, too", async () => {
    const native = (image: string) => [{ name: "proxy", image, restartPolicy: "Always" }];
    const spec = { ...specFor("native", []), initContainers: native("proxy:1") };
    await createSidecarSet(plane, "native", spec);
    const pods = await createPods(plane, "native", 3);
    await untilUpdated(plane, "native");
    await patchSidecarSet(plane, "native", { initContainers: native("proxy:2") });
    await untilUpdated(plane, "native");
    for (const pod of await pods.list("app=native")) {
      assert.equal(imageOf(pod, "proxy"), "proxy:2");
      assert.deepEqual([restarts(pod, "proxy"), restarts(pod, "main")], [1, 0]);
    }
  });

  await t.step(
    "a hot upgrade moves the work to the other half and empties the old one",
    async () => {
      const upgradeStrategy = {
        upgradeType: "HotUpgrade",
        hotUpgradeEmptyImage: "empty:1",
      } as const;
      const hot = (image: string) => [{ name: "mesh", image, upgradeStrategy }];
      await createSidecarSet(plane, "hot", specFor("hot", hot("mesh:1")));
      const pods = await createPods(plane, "hot", 3);
      await untilUpdated(plane, "hot");
      await using history = await PodHistory.start(plane.client, "app=hot");
      await patchSidecarSet(plane, "hot", { containers: hot("mesh:2") });
      await untilUpdated(plane, "hot");
      for (const { metadata: { name }, ...pod } of await pods.list("app=hot")) {
        assert.deepEqual(pod.spec.containers.map(({ image }) => image).toSorted(), [
          "empty:1",
          "main:1",
          "mesh:2",
        ]);
        assert.deepEqual(history.images.get(`${name}/mesh-1`), ["mesh:1", "empty:1"]);
        assert.deepEqual(history.images.get(`${name}/mesh-2`), ["empty:1", "mesh:2"]);
      }
    },
  );

  await t.step("a partition keeps Pods at the old revision, and pausing all of them", async () => {
    const strategy = { updateStrategy: { maxUnavailable: "100%", partition: 2 } };
    await createSidecarSet(
      plane,
      "part",
      specFor("part", [{ name: "agent", image: "agent:1" }], strategy),
    );
    const pods = await createPods(plane, "part", 5);
    await untilUpdated(plane, "part");
    const images = async () =>
      (await pods.list("app=part")).map((pod) => imageOf(pod, "agent")).toSorted();
    await patchSidecarSet(plane, "part", { containers: [{ name: "agent", image: "agent:2" }] });
    await untilReason("PartitionReached");
    assert.deepEqual(await images(), ["agent:1", "agent:1", "agent:2", "agent:2", "agent:2"]);
    await patchSidecarSet(plane, "part", {
      updateStrategy: { paused: true, partition: 0 },
      containers: [{ name: "agent", image: "agent:3" }],
    });
    await untilReason("Paused");
    assert.deepEqual((await images()).filter((image) => image === "agent:3"), []);
    await patchSidecarSet(plane, "part", { updateStrategy: { paused: false } });
    await untilUpdated(plane, "part");
    assert.deepEqual(await images(), Array(5).fill("agent:3"));

    async function untilReason(expected: string) {
      await untilSidecarSet(plane, "part", {
        what: `is ${expected}`,
        is: (found) =>
          conditionOf(found, "Progressing")?.reason === expected &&
          found.status?.readyPods === 5,
      });
    }
  });

  await t.step("two SidecarSets upgrade the same Pods at the same time", async () => {
    for (const name of ["one", "two"]) {
      const strategy = { updateStrategy: { maxUnavailable: "100%" } };
      await createSidecarSet(
        plane,
        name,
        specFor("shared", [{ name, image: `${name}:1` }], strategy),
      );
    }
    const pods = await createPods(plane, "shared", 10);
    await Promise.all(
      ["one", "two"].map((name) =>
        patchSidecarSet(plane, name, { containers: [{ name, image: `${name}:2` }] })
      ),
    );
    await untilUpdated(plane, "one");
    await untilUpdated(plane, "two");
    for (const pod of await pods.list("app=shared")) {
      assert.deepEqual([imageOf(pod, "one"), imageOf(pod, "two")], ["one:2", "two:2"]);
    }
  });

  await t.step(
    "Pods that cannot be upgraded in place have a condition, which is removed with the SidecarSet",
    async () => {
      await createSidecarSet(plane, "env", specFor("env", [{ name: "agent", image: "agent:1" }]));
      const pods = await createPods(plane, "env", 2);
      await untilUpdated(plane, "env");
      const env = [{ name: "A", value: "b" }];
      await patchSidecarSet(plane, "env", {
        containers: [{ name: "agent", image: "agent:2", env }],
      });
      await untilSidecarSet(plane, "env", {
        what: "cannot be rolled out",
        is: ({ status }) => status?.notUpgradablePods === 2,
      });
      const untilStatus = (expected: string) =>
        eventually(async () => {
          const found = (await pods.list("app=env")).map(({ status }) =>
            status?.conditions?.find(({ type }) => type === UPGRADABLE_CONDITION)?.status
          );
          assert.deepEqual(found, [expected, expected]);
          return true;
        }, { what: `the condition of both Pods is ${expected}` });
      await untilStatus("False");
      await deleteSidecarSet(plane, "env");
      await untilStatus("True");
    },
  );

  await t.step("an image changed by another client is reported, or repaired", async () => {
    await createSidecarSet(plane, "drift", specFor("drift", [{ name: "agent", image: "agent:1" }]));
    const pods = await createPods(plane, "drift", 2);
    await untilUpdated(plane, "drift");
    await pods.patch("drift-0", { spec: { containers: [{ name: "agent", image: "odd:1" }] } });
    const reported = await untilSidecarSet(plane, "drift", {
      what: "reports drift",
      is: (found) => conditionOf(found, "Progressing")?.reason === "ImagesDrifted",
    });
    assert.match(conditionOf(reported, "Progressing")?.message ?? "", /drift-0 has odd:1/);
    await patchSidecarSet(plane, "drift", { updateStrategy: { driftPolicy: "Repair" } });
    await untilUpdated(plane, "drift");
    assert.equal(imageOf(await pods.get("drift-0"), "agent"), "agent:1");
  });

  await t.step("counts stay exact when Pods are deleted by force in mid-roll-out", async () => {
    await createSidecarSet(plane, "force", specFor("force", [{ name: "agent", image: "agent:1" }]));
    const pods = await createPods(plane, "force", 8);
    await untilUpdated(plane, "force");
    await patchSidecarSet(plane, "force", { containers: [{ name: "agent", image: "agent:2" }] });
    await Promise.all([0, 1, 2].map((i) =>
      plane.client.performRequest({
        method: "DELETE",
        path: `/api/v1/namespaces/default/pods/force-${i}`,
        bodyJson: { apiVersion: "v1", kind: "DeleteOptions", gracePeriodSeconds: 0 },
      })
    ));
    await untilUpdated(plane, "force");
    const { status } = await getSidecarSet(plane, "force");
    assert.deepEqual([status?.matchedPods, status?.readyPods], [5, 5]);
    assert.equal((await pods.list("app=force")).length, 5);
  });
});
