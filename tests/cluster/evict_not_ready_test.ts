import assert from "node:assert/strict";
import type { SidecarSetSpec } from "../../lib/api/sidecarset.ts";
import { list } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { ClusterPods } from "../support/cluster_pods.ts";
import { type ControlPlane, startControlPlane } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { installAndStart } from "../support/installation.ts";
import {
  conditionOf,
  createSidecarSet,
  deleteSidecarSet,
  patchSidecarSet,
  untilSidecarSet,
} from "../support/sidecarsets.ts";
import { untilSecondsLater } from "../support/whole_seconds.ts";
import { createDeployment, untilReplicas } from "../support/workloads.ts";

const NOT_READY = "kubelet.test/not-ready";

/** A sidecar with an argument; while it is a bad one the sidecar does not get ready. */
function version(argument: string, { bad = false } = {}): SidecarSetSpec {
  return {
    containers: [{ name: "agent", image: "agent:1", args: [argument] }],
    patchPodMetadata: bad
      ? [{ annotations: { [NOT_READY]: "agent" }, patchPolicy: "Overwrite" }]
      : [],
  };
}

const argumentsOf = async (pods: ClusterPods, app: string) =>
  (await pods.list(`app=${app}`))
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ spec }) => {
      const args = spec.containers.find(({ name }) => name === "agent")?.args;
      return Array.isArray(args) ? String(args[0]) : "none";
    })
    .toSorted();

async function evictionEvents(plane: ControlPlane, sidecarSet: string) {
  const { items } = await send(plane.client, list(resources.events, { namespace: "default" }));
  return items.filter(({ reason, regarding }) =>
    reason === "PodEvicted" && regarding?.name === sidecarSet
  );
}

Deno.test("Pods that are not ready are evicted first", async (t) => {
  await using plane = await startControlPlane({ controllerManager: true, audit: true });
  await using controller = await installAndStart(plane);
  const pods = new ClusterPods(plane.client);

  await t.step("a bad argument and then its correction leave no Pod behind", async () => {
    const selector = { matchLabels: { app: "trap" } };
    const updateStrategy = { recreatePolicy: "Evict", maxUnavailable: 1 } as const;
    await createSidecarSet(plane, "trap", { selector, updateStrategy, ...version("--v1") });
    await createDeployment(plane, "trap", { replicas: 3, labels: { app: "trap" } });
    await patchSidecarSet(plane, "trap", version("--v2", { bad: true }));
    await eventually(async () => (await argumentsOf(pods, "trap")).includes("--v2"), {
      what: "the first Pod has the bad argument",
    });
    await untilSidecarSet(plane, "trap", {
      what: "has an updated Pod, and a reason not to evict another one",
      is: (found) =>
        found.status?.updatedPods === 1 &&
        /stays: /.test(conditionOf(found, "Progressing")?.message ?? ""),
    });
    assert.deepEqual(await argumentsOf(pods, "trap"), ["--v1", "--v1", "--v2"]);
    await patchSidecarSet(plane, "trap", version("--v3"));
    await eventually(
      async () => (await argumentsOf(pods, "trap")).every((argument) => argument === "--v3"),
      { what: "all Pods have the good argument" },
    );
    await untilReplicas(plane, "trap", { replicas: 3 });
  });

  await t.step("missed Pods that never get ready are evicted, one at a time", async () => {
    await createSidecarSet(plane, "missed", {
      selector: { matchLabels: { app: "missed" } },
      containers: [{ name: "agent", image: "agent:1", args: ["--new"] }],
      missedPodPolicy: "Evict",
      updateStrategy: { maxUnavailable: 1 },
    });
    // Pods of the first second would not count as missed.
    await untilSecondsLater();
    await controller.stop("SIGKILL");
    const labels = { app: "missed" };
    const annotations = { [NOT_READY]: "main" };
    await createDeployment(plane, "missed", { replicas: 3, labels, annotations, wait: false });
    await eventually(async () => (await argumentsOf(pods, "missed")).length === 3, {
      what: "the Pods are there",
    });
    assert.deepEqual(await argumentsOf(pods, "missed"), ["none", "none", "none"]);
    await controller.start();
    let mostMissing = 0;
    await eventually(async () => {
      const found = await argumentsOf(pods, "missed");
      mostMissing = Math.max(mostMissing, 3 - found.length);
      return found.length === 3 && found.every((argument) => argument === "--new");
    }, { what: "all Pods have the sidecar" });
    assert.ok(mostMissing <= 1, `${mostMissing} Pods were missing at a time`);
  });

  await t.step(
    "sidecars that are no longer needed leave Pods that are not ready, with events",
    async () => {
      const labels = { app: "cleanup" };
      await createSidecarSet(plane, "cleanup", {
        selector: { matchLabels: labels },
        containers: [{ name: "agent", image: "agent:1", args: ["--old"] }],
        cleanupPolicy: { type: "Evict" },
        updateStrategy: { maxUnavailable: 1 },
      });
      const annotations = { [NOT_READY]: "main" };
      await untilSidecarSet(plane, "cleanup", {
        what: "is Ready",
        is: ({ status }) =>
          status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") ===
            true,
      });
      await createDeployment(plane, "cleanup", { replicas: 2, labels, annotations, wait: false });
      await eventually(
        async () => (await argumentsOf(pods, "cleanup")).join() === "--old,--old",
        { what: "the Pods have the sidecar" },
      );
      await deleteSidecarSet(plane, "cleanup");
      await eventually(
        async () => (await argumentsOf(pods, "cleanup")).join() === "none,none",
        { what: "the Pods have been replaced" },
      );
      const [event] = await eventually(async () => {
        const found = await evictionEvents(plane, "cleanup");
        return found.length > 0 && found;
      }, { what: "there is an event" });
      assert.match(event?.note ?? "", /its sidecars are no longer needed$/);
    },
  );
});
