import assert from "node:assert/strict";
import type { Pod } from "../../lib/api/pod.ts";
import type { CleanupPolicy } from "../../lib/api/strategies.ts";
import { list } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/send.ts";
import { ClusterPods, isReady } from "../support/cluster_pods.ts";
import { type ControlPlane, startControlPlane } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { installAndStart } from "../support/installation.ts";
import { kubectl } from "../support/kubectl.ts";
import { createSidecarSet, deleteSidecarSet, patchSidecarSet } from "../support/sidecarsets.ts";
import { createDeployment, leastReady, scale, untilReplicas } from "../support/workloads.ts";

const LIST = "kruise.io/sidecarset-injected-list";
const agent = { name: "agent", image: "agent:1" };
const idle: CleanupPolicy = { type: "Idle", idleImage: "idle:1" };

const imageOf = (pod: Pod, container = "agent") =>
  pod.spec.containers.find(({ name }) => name === container)?.image;
const namesNothing = (pod: Pod) => pod.metadata.annotations?.[LIST] === undefined;
/** The index of the last word: "web" of the Deployment web. */
const labelOf = (name: string) => `deployment=${name}`;

async function records(plane: ControlPlane): Promise<string[]> {
  const page = {
    namespace: "sidecarset-system",
    labelSelector: "kruise.io/sidecarset-cleanup=true",
  };
  const { items } = await send(plane.client, list(resources.configMaps, page));
  return items.map(({ metadata }) => metadata.name ?? "");
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
        await eventually(async () => (await records(plane)).length > 0, {
          what: "there is a record",
        });
      }
      await createDeployment(plane, name, { replicas, labels: { sidecar: name } });
    },
    untilAll(name: string, { what, are }: { what: string; are: (pod: Pod) => boolean }) {
      return eventually(async () => {
        const found = await pods.list(labelOf(name));
        const left = found.filter((pod) => !are(pod));
        if (left.length === 0) return found;
        throw new Error(`${left.length} are not, for example ${JSON.stringify(left[0])}`);
      }, { what: `all Pods of ${name} ${what}`, timeout: 60_000 });
    },
  };
}

const untilNoRecords = (plane: ControlPlane) =>
  eventually(async () => (await records(plane)).length === 0, { what: "no record is left" });

Deno.test("sidecars that are no longer needed", async (t) => {
  await using plane = await startControlPlane({ controllerManager: true });
  await using controller = await installAndStart(plane);
  const { pods, given, untilAll } = setUp(plane);

  await t.step(
    "Retain: a deleted SidecarSet is not named any more, and nothing restarts",
    async () => {
      await given("retain", {});
      const before = await pods.list(labelOf("retain"));
      await deleteSidecarSet(plane, "retain");
      const after = await untilAll("retain", { what: "name nothing", are: namesNothing });
      assert.deepEqual(
        after.map(({ metadata }) => metadata.uid).sort(),
        before.map(({ metadata }) => metadata.uid).sort(),
      );
      for (const pod of after) {
        assert.equal(imageOf(pod), "agent:1");
        assert.ok(isReady(pod));
        assert.equal(pod.metadata.annotations?.["kruise.io/sidecarset-hash"], undefined);
      }
      assert.deepEqual(await records(plane), []);
    },
  );

  await t.step(
    "Idle: a deleted SidecarSet's sidecars become idle within maxUnavailable while Pods come and go",
    async () => {
      await given("idle", { replicas: 6, policy: idle });
      const least = await leastReady(plane, "idle", async () => {
        await deleteSidecarSet(plane, "idle");
        await untilAll("idle", {
          what: "are idle",
          are: (pod) => imageOf(pod) === "idle:1" && namesNothing(pod) && isReady(pod),
        });
      });
      assert.ok(least >= 5, `only ${least} of 6 Pods stayed ready`);
      await untilNoRecords(plane);
      await scale(plane, "idle", { replicas: 8 });
      await untilReplicas(plane, "idle", { replicas: 8 });
      const bare = (await pods.list(labelOf("idle"))).filter((pod) => imageOf(pod) === undefined);
      assert.equal(bare.length, 2, "new Pods have no sidecar");
    },
  );

  await t.step(
    "Idle: a Pod that is no longer selected becomes idle, and returns when it is selected again",
    async () => {
      await given("label", { replicas: 1, policy: idle });
      const [{ metadata: { name = "" } } = { metadata: {} }] = await pods.list(labelOf("label"));
      const label = (value: string) =>
        pods.patch(name, { metadata: { labels: { sidecar: value } } });
      await label("nobody");
      await pods.until(name, {
        what: "the sidecar is idle",
        is: (pod) => imageOf(pod) === "idle:1" && isReady(pod),
      });
      await label("label");
      const pod = await pods.until(name, {
        what: "the sidecar is back",
        is: (found) => imageOf(found) === "agent:1" && isReady(found),
      });
      assert.equal(pod.metadata.annotations?.[LIST], "label");
      assert.equal(pod.metadata.annotations?.["kruise.io/sidecarset-idle"], undefined);
      await patchSidecarSet(plane, "label", { cleanupPolicy: { type: "Retain" } });
      await untilNoRecords(plane);
    },
  );

  await t.step(
    "Idle: a container that the SidecarSet no longer lists becomes idle, the others do not",
    async () => {
      await createSidecarSet(plane, "two", {
        selector: { matchLabels: { sidecar: "two" } },
        containers: [agent, { name: "extra", image: "extra:1" }],
        cleanupPolicy: idle,
      });
      await createDeployment(plane, "two", { replicas: 2, labels: { sidecar: "two" } });
      await patchSidecarSet(plane, "two", { containers: [agent] });
      await untilAll("two", {
        what: "have an idle container",
        are: (pod) =>
          imageOf(pod, "extra") === "idle:1" && imageOf(pod) === "agent:1" && isReady(pod),
      });
      await patchSidecarSet(plane, "two", { cleanupPolicy: { type: "Retain" } });
      await untilNoRecords(plane);
    },
  );

  await t.step(
    "Idle: the clean-up goes on after the controller was killed between deletion and clean-up",
    async () => {
      await given("killed", { replicas: 3, policy: idle });
      await controller.stop("SIGKILL");
      await deleteSidecarSet(plane, "killed");
      await controller.start();
      await untilAll("killed", {
        what: "are idle",
        are: (pod) => imageOf(pod) === "idle:1" && namesNothing(pod),
      });
      await untilNoRecords(plane);
    },
  );

  await t.step("a SidecarSet created anew ends the clean-up of the one before", async () => {
    await given("anew", { replicas: 3, policy: idle });
    await controller.stop("SIGKILL");
    await deleteSidecarSet(plane, "anew");
    const spec = { selector: { matchLabels: { sidecar: "anew" } }, containers: [agent] };
    await plane.client.performRequest({
      method: "POST",
      path: "/apis/apps.kruise.io/v1beta1/sidecarsets",
      bodyJson: {
        apiVersion: "apps.kruise.io/v1beta1",
        kind: "SidecarSet",
        metadata: { name: "anew" },
        spec,
      },
      expectJson: true,
    });
    await controller.start();
    await untilNoRecords(plane);
    for (const pod of await pods.list(labelOf("anew"))) {
      assert.equal(imageOf(pod), "agent:1");
      assert.equal(pod.metadata.annotations?.[LIST], "anew");
    }
  });

  await t.step(
    "Evict: Pods are created anew without the sidecar, one of a workload at a time, and then the record goes",
    async () => {
      await given("evict", { replicas: 4, policy: { type: "Evict" } });
      await pods.create("bare", {
        labels: { sidecar: "evict" },
        spec: { containers: [{ name: "main", image: "main:1" }] },
      });
      const before = await pods.list(labelOf("evict"));
      const least = await leastReady(plane, "evict", async () => {
        await deleteSidecarSet(plane, "evict");
        await untilAll("evict", {
          what: "are new",
          are: (pod) => imageOf(pod) === undefined && isReady(pod),
        });
      });
      assert.ok(least >= 3, `only ${least} of 4 Pods stayed ready`);
      const after = await pods.list(labelOf("evict"));
      assert.equal(after.length, 4);
      const old = new Set(before.map(({ metadata }) => metadata.uid));
      assert.ok(after.every(({ metadata }) => !old.has(metadata.uid)));
      assert.equal((await records(plane)).length, 1, "nobody would create the bare Pod anew");
      assert.equal(imageOf(await pods.get("bare")), "agent:1");
      await pods.remove("bare");
      await untilNoRecords(plane);
    },
  );

  await t.step("uninstalling never hangs, the controller already gone", async () => {
    await given("last", { replicas: 2, policy: idle });
    await controller.stop("SIGKILL");
    for (const file of ["namespace.yaml", "rbac.yaml", "crd.yaml"]) {
      const path = new URL(`../../manifests/${file}`, import.meta.url).pathname;
      const args = ["delete", "-f", path, "--timeout=60s", "--ignore-not-found"];
      const { code, stderr } = await kubectl(args, plane);
      assert.equal(code, 0, stderr);
    }
    await pods.create("afterwards", {
      labels: { sidecar: "last" },
      spec: { containers: [{ name: "main", image: "main:1" }] },
    });
  });
});
