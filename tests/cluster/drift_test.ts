import assert from "node:assert/strict";
import type { JsonPatchOperation } from "../../lib/api/json.ts";
import type { Pod, PodSpec } from "../../lib/api/pod.ts";
import type { SidecarSetSpec } from "../../lib/api/sidecarset.ts";
import { patch } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { ClusterPods, containerStatus } from "../support/cluster_pods.ts";
import { type ControlPlane, startControlPlane } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { serveForeignWebhook } from "../support/foreign_webhook.ts";
import { installAndStart } from "../support/installation.ts";
import {
  conditionOf,
  createSidecarSet,
  patchSidecarSet,
  untilSidecarSet,
} from "../support/sidecarsets.ts";

const MIRROR = "mirror.test/";
const RECORD = "kruise.io/sidecarset-stored-images";
const MAIN: PodSpec = { containers: [{ name: "main", image: "main:1" }] };

/** Sets images as a pull-through cache's policy does, or every time that it is called. */
function rewritten(pod: Pod, isIdempotent = true): JsonPatchOperation[] {
  return pod.spec.containers.flatMap(({ image = "" }, index) =>
    isIdempotent && image.startsWith(MIRROR)
      ? []
      : [{ op: "replace" as const, path: `/spec/containers/${index}/image`, value: MIRROR + image }]
  );
}

function specFor(app: string, more: Partial<SidecarSetSpec> = {}): SidecarSetSpec {
  return {
    selector: { matchLabels: { app } },
    containers: [{ name: "agent", image: "agent:1" }],
    updateStrategy: { driftPolicy: "Repair", maxUnavailable: "100%" },
    ...more,
  };
}

const imageOf = (pod: Pod, container = "agent") =>
  pod.spec.containers.find(({ name }) => name === container)?.image;

/** Creates gated Pods, and takes the gate away at once as a queue does that has room. */
async function createGated(plane: ControlPlane, app: string, count: number): Promise<void> {
  const pods = new ClusterPods(plane.client);
  const schedulingGates = [{ name: "queue.test/admission" }];
  await Promise.all(Array.from({ length: count }, async (_, i) => {
    const name = `${app}-${i}`;
    await pods.create(name, { labels: { app, [app]: "" }, spec: { ...MAIN, schedulingGates } });
    const body = { spec: { schedulingGates: null } };
    const options = { namespace: "default", name, type: "merge" as const, body };
    await send(plane.client, patch(resources.pods, options));
  }));
}

function untilUpToDate(plane: ControlPlane, name: string, count: number) {
  return untilSidecarSet(plane, name, {
    what: "has all Pods ready and up to date",
    is: (found) =>
      found.status?.updatedReadyPods === count &&
      found.status.observedGeneration === found.metadata.generation &&
      conditionOf(found, "Progressing")?.reason === "UpToDate",
  });
}

Deno.test("drift on a real control plane", async (t) => {
  await using plane = await startControlPlane();
  await using _controller = await installAndStart(plane);
  const pods = new ClusterPods(plane.client);

  for (const position of ["aa", "zz"]) {
    const app = `${position}-gated`;
    await t.step(`images that the webhook ${app} rewrites are no drift behind a gate`, async () => {
      await using _mirror = await serveForeignWebhook(plane, {
        name: app,
        label: app,
        mutate: (pod) => rewritten(pod),
      });
      await createSidecarSet(plane, app, specFor(app));
      await createGated(plane, app, 20);
      await untilUpToDate(plane, app, 20);
      for (const pod of await pods.list(`app=${app}`)) {
        assert.equal(imageOf(pod), `${MIRROR}agent:1`);
        assert.equal(pod.metadata.annotations?.[RECORD], `{"agent":"${MIRROR}agent:1"}`);
        assert.equal(pod.metadata.generation, 2);
        assert.equal(containerStatus(pod, "agent")?.restartCount, 0);
        const writers = pod.metadata.managedFields?.map(({ manager }) => manager);
        assert.ok(!writers?.includes("sidecarset"), "the webhook has recorded the image");
      }
    });
  }

  await t.step("an image that a client changes is repaired to the rewritten one", async () => {
    await pods.patch("zz-gated-0", { spec: { containers: [{ name: "agent", image: "odd:1" }] } });
    await pods.until("zz-gated-0", {
      what: "the image is repaired",
      is: (pod) => imageOf(pod) === `${MIRROR}agent:1` && pod.metadata.generation === 4,
    });
    await untilUpToDate(plane, "zz-gated", 20);
  });

  await t.step("an image without a record was rewritten unless a client owns it", async () => {
    const [unrecorded, changed] = ["zz-gated-1", "zz-gated-2"] as const;
    await pods.annotate(unrecorded, { [RECORD]: null });
    await pods.until(unrecorded, {
      what: "the image is recorded again",
      is: ({ metadata }) => metadata.annotations?.[RECORD] === `{"agent":"${MIRROR}agent:1"}`,
    });
    const containers = [{ name: "agent", image: "odd:1" }];
    await pods.patch(changed, {
      metadata: { annotations: { [RECORD]: null } },
      spec: { containers },
    });
    await pods.until(changed, {
      what: "the image is repaired to the SidecarSet's",
      is: (pod) => imageOf(pod) === "agent:1",
    });
    assert.equal(imageOf(await pods.get(unrecorded)), `${MIRROR}agent:1`);
  });

  await t.step(
    "an image that is rewritten after the last call is recorded all the same",
    async () => {
      await using _late = await serveForeignWebhook(plane, {
        name: "zz-late",
        label: "late",
        mutate: (pod) => rewritten(pod, false),
      });
      await createSidecarSet(plane, "late", specFor("late"));
      await createGated(plane, "late", 5);
      await eventually(async () => {
        const found = await pods.list("app=late");
        assert.equal(found.length, 5);
        for (const pod of found) {
          assert.equal(imageOf(pod), `${MIRROR}${MIRROR}agent:1`);
          assert.equal(pod.metadata.annotations?.[RECORD], `{"agent":"${imageOf(pod)}"}`);
        }
        return true;
      }, { what: "the images are recorded" });
      await untilUpToDate(plane, "late", 5);
    },
  );

  await t.step("a hot upgrade ends where the empty image is rewritten, too", async () => {
    await using _mirror = await serveForeignWebhook(plane, {
      name: "zz-hot",
      label: "hot",
      operations: ["CREATE", "UPDATE"],
      mutate: (pod) => rewritten(pod),
    });
    const containers = (version: number) => [{
      name: "agent",
      image: `agent:${version}`,
      upgradeStrategy: { upgradeType: "HotUpgrade" as const, hotUpgradeEmptyImage: "empty:1" },
    }];
    await createSidecarSet(plane, "hot", specFor("hot", { containers: containers(1) }));
    await pods.create("hot", { labels: { app: "hot", hot: "" }, spec: MAIN });
    await untilUpToDate(plane, "hot", 1);
    const images = (pod: Pod) => [imageOf(pod, "agent-1"), imageOf(pod, "agent-2")];
    const created = await pods.get("hot");
    assert.deepEqual(images(created), [`${MIRROR}agent:1`, `${MIRROR}empty:1`]);
    assert.equal(created.metadata.generation, 1);
    await patchSidecarSet(plane, "hot", { containers: containers(2) });
    await untilUpToDate(plane, "hot", 1);
    const upgraded = await pods.get("hot");
    assert.deepEqual(images(upgraded), [`${MIRROR}empty:1`, `${MIRROR}agent:2`]);
    assert.equal(upgraded.metadata.generation, 3);
    assert.deepEqual(JSON.parse(upgraded.metadata.annotations?.[RECORD] ?? ""), {
      "agent-1": `${MIRROR}empty:1`,
      "agent-2": `${MIRROR}agent:2`,
    });
  });

  await t.step("a Pod whose main containers have ended keeps the image that ends it", async () => {
    await createSidecarSet(plane, "job", specFor("job"));
    const labels = { app: "job" };
    const spec = { ...MAIN, restartPolicy: "Never" };
    await pods.create("job-done", { labels, spec });
    await pods.create("job-runs", { labels, spec });
    await untilUpToDate(plane, "job", 2);
    await pods.annotate("job-done", { "kubelet.test/exit": "main=0" });
    await pods.until("job-done", {
      what: "the main container has ended",
      is: (pod) => containerStatus(pod, "main")?.state?.terminated !== undefined,
    });
    await pods.patch("job-done", { spec: { containers: [{ name: "agent", image: "nop:1" }] } });
    await patchSidecarSet(plane, "job", { containers: [{ name: "agent", image: "agent:2" }] });
    await untilUpToDate(plane, "job", 1);
    assert.equal(imageOf(await pods.get("job-runs")), "agent:2");
    const done = await pods.get("job-done");
    assert.deepEqual([imageOf(done), done.metadata.generation], ["nop:1", 2]);
  });
});
