import assert from "node:assert/strict";
import type { Pod } from "../../lib/api/pod.ts";
import type { CleanupPolicy } from "../../lib/api/strategies.ts";
import { remove } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { cleanupRecords } from "../support/cleanup_records.ts";
import { ClusterPods, isReady } from "../support/cluster_pods.ts";
import { type ControlPlane, startControlPlane } from "../support/control_plane.ts";
import type { ControllerProcess } from "../support/controller_process.ts";
import { eventually } from "../support/eventually.ts";
import { installAndStart } from "../support/installation.ts";
import { kubectl } from "../support/kubectl.ts";
import { PodHistory } from "../support/pod_history.ts";
import { createSidecarSet, deleteSidecarSet, patchSidecarSet } from "../support/sidecarsets.ts";
import { createDeployment, scale, untilReplicas } from "../support/workloads.ts";

const LIST = "kruise.io/sidecarset-injected-list";
const HASH = "kruise.io/sidecarset-hash";
const agent = { name: "agent", image: "agent:1" };
const idle: CleanupPolicy = { type: "Idle", idleImage: "idle:1" };

const imageOf = (pod: Pod) => pod.spec.containers.find(({ name }) => name === "agent")?.image;
const namesNothing = ({ metadata: { annotations = {} } }: Pod) =>
  annotations[LIST] === undefined && annotations[HASH] === undefined;
const uidsOf = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata.uid).sort();
const labelOf = (name: string) => `deployment=${name}`;

const untilNoRecords = (plane: ControlPlane) =>
  eventually(async () => (await cleanupRecords(plane)).length === 0, { what: "no record is left" });

/** Ends it without releasing its Lease, whose expiry no step waits for. */
async function kill(plane: ControlPlane, controller: ControllerProcess): Promise<void> {
  await controller.stop("SIGKILL");
  const lease = { name: "sidecarset", namespace: "sidecarset-system" };
  await send(plane.client, remove(resources.leases, lease));
}

function setUp(plane: ControlPlane) {
  const pods = new ClusterPods(plane.client);
  return {
    pods,
    /** A SidecarSet and a Deployment of one name, all Pods injected. */
    async given(
      name: string,
      { replicas = 4, policy }: { replicas?: number; policy?: CleanupPolicy },
    ) {
      await createSidecarSet(plane, name, {
        selector: { matchLabels: { sidecar: name } },
        containers: [agent],
        ...(policy ? { cleanupPolicy: policy } : {}),
      });
      if (policy) {
        await eventually(async () => (await cleanupRecords(plane)).length > 0, {
          what: "there is a record",
        });
      }
      await createDeployment(plane, name, { replicas, labels: { sidecar: name } });
    },
    /** @param options `replicas` is checked where Pods are deleted and recreated meanwhile */
    untilAll(
      name: string,
      { what, are, replicas }: { what: string; are: (pod: Pod) => boolean; replicas?: number },
    ) {
      return eventually(async () => {
        const found = await pods.list(labelOf(name));
        if (replicas !== undefined) assert.equal(found.length, replicas);
        const left = found.filter((pod) => !are(pod));
        if (left.length === 0) return found;
        throw new Error(`${left.length} are not, for example ${JSON.stringify(left[0])}`);
      }, { what: `all Pods of ${name} ${what}` });
    },
  };
}

Deno.test("sidecars of SidecarSets that are deleted", async (t) => {
  await using plane = await startControlPlane({ controllerManager: true });
  await using controller = await installAndStart(plane);
  const { pods, given, untilAll } = setUp(plane);
  const areIdle = (pod: Pod) => imageOf(pod) === "idle:1" && namesNothing(pod) && isReady(pod);

  await t.step("Retain: they stay, and are not named any more", async () => {
    await given("retain", {});
    const before = await pods.list(labelOf("retain"));
    await using history = await PodHistory.start(plane.client, labelOf("retain"));
    await deleteSidecarSet(plane, "retain");
    const after = await untilAll("retain", { what: "name nothing", are: namesNothing });
    assert.deepEqual(uidsOf(after), uidsOf(before));
    assert.ok(after.every((pod) => imageOf(pod) === "agent:1"));
    assert.equal(history.leastReady, 4, "nothing restarts");
    assert.deepEqual(await cleanupRecords(plane), []);
  });

  await t.step(
    "Idle: they become idle within maxUnavailable while Pods come and go",
    async () => {
      await given("idle", { replicas: 6, policy: idle });
      await using history = await PodHistory.start(plane.client, labelOf("idle"));
      await deleteSidecarSet(plane, "idle");
      await untilAll("idle", { what: "are idle", are: areIdle });
      assert.ok(history.leastReady >= 5, `only ${history.leastReady} of 6 Pods stayed ready`);
      await untilNoRecords(plane);
      await scale(plane, "idle", { replicas: 8 });
      await untilReplicas(plane, "idle", { replicas: 8 });
      const bare = (await pods.list(labelOf("idle"))).filter((pod) => imageOf(pod) === undefined);
      assert.equal(bare.length, 2, "new Pods have no sidecar");
    },
  );

  await t.step("the last policy counts, though it was set right before", async () => {
    await given("at-once", { replicas: 2 });
    await patchSidecarSet(plane, "at-once", { cleanupPolicy: idle });
    await deleteSidecarSet(plane, "at-once");
    await untilAll("at-once", { what: "are idle", are: areIdle });
    await untilNoRecords(plane);
  });

  await t.step(
    "Idle: it goes on after the controller was killed between deletion and clean-up",
    async () => {
      await given("killed", { replicas: 3, policy: idle });
      await kill(plane, controller);
      await deleteSidecarSet(plane, "killed");
      await controller.start();
      await untilAll("killed", { what: "are idle", are: areIdle });
      await untilNoRecords(plane);
    },
  );

  await t.step("a recreated SidecarSet ends the clean-up of the one before", async () => {
    await given("recreated", { replicas: 3, policy: idle });
    const spec = { selector: { matchLabels: { sidecar: "recreated" } }, containers: [agent] };
    await kill(plane, controller);
    await deleteSidecarSet(plane, "recreated");
    const created = createSidecarSet(plane, "recreated", spec);
    await controller.start();
    await created;
    await untilNoRecords(plane);
    for (const pod of await pods.list(labelOf("recreated"))) {
      assert.equal(imageOf(pod), "agent:1");
      assert.equal(pod.metadata.annotations?.[LIST], "recreated");
    }
  });

  await t.step(
    "Evict: Pods are recreated without them, one of a workload at a time, and then the record is deleted",
    async () => {
      await given("evict", { replicas: 4, policy: { type: "Evict" } });
      await pods.create("bare", {
        labels: { sidecar: "evict" },
        spec: { containers: [{ name: "main", image: "main:1" }] },
      });
      const before = await pods.list(labelOf("evict"));
      await using history = await PodHistory.start(plane.client, labelOf("evict"));
      await deleteSidecarSet(plane, "evict");
      const after = await untilAll("evict", {
        what: "are new",
        are: (pod) => imageOf(pod) === undefined && isReady(pod),
        replicas: 4,
      });
      assert.ok(history.leastReady >= 3, `only ${history.leastReady} of 4 Pods stayed ready`);
      assert.ok(new Set(uidsOf(after)).isDisjointFrom(new Set(uidsOf(before))));
      assert.equal(
        (await cleanupRecords(plane)).length,
        1,
        "no controller would recreate the bare Pod",
      );
      assert.equal(imageOf(await pods.get("bare")), "agent:1");
      await pods.remove("bare");
      await untilNoRecords(plane);
    },
  );

  await t.step("never block an uninstallation after the controller has ended", async () => {
    await given("last", { replicas: 2, policy: idle });
    await controller.stop("SIGKILL");
    const manifests = new URL("../../manifests", import.meta.url).pathname;
    const args = ["delete", "-k", manifests, "--timeout=60s", "--ignore-not-found"];
    const { code, stderr } = await kubectl(args, plane);
    assert.equal(code, 0, stderr);
    await pods.create("afterwards", {
      labels: { sidecar: "last" },
      spec: { containers: [{ name: "main", image: "main:1" }] },
    });
  });
});
