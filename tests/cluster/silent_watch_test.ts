import assert from "node:assert/strict";
import { join } from "node:path";
import { create } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { ClusterPods } from "../support/cluster_pods.ts";
import { startControlPlane } from "../support/control_plane.ts";
import { startController } from "../support/controller_process.ts";
import { eventually } from "../support/eventually.ts";
import { namesOf } from "../support/injection.ts";
import { install } from "../support/installation.ts";
import { Relay } from "../support/relay.ts";
import { createSidecarSet, patchSidecarSet } from "../support/sidecarsets.ts";

const main = { name: "main", image: "main:1" };
const agent = (image: string) => [{ name: "agent", image }];
const selecting = (app: string) => ({ selector: { matchLabels: { app } } });

Deno.test("connections to the API server that die without a sign, while new ones work", async (t) => {
  await using plane = await startControlPlane({ kubelet: false });
  await install(plane);
  await using relay = new Relay(() => Number(new URL(plane.url).port));
  const kubeconfig = join(plane.folder, "relayed.kubeconfig");
  const text = await Deno.readTextFile(plane.controllerKubeconfig);
  await Deno.writeTextFile(
    kubeconfig,
    text.replaceAll(plane.url, `https://127.0.0.1:${relay.port}`),
  );
  await using controller = await startController({ kubeconfig });
  const pods = new ClusterPods(plane.client);
  let count = 0;
  const imagesOf = async (app: string) => {
    const { spec } = await pods.create(`${app}-${count++}`, {
      labels: { app },
      spec: { containers: [main] },
    });
    return spec.containers.map(({ image }) => image);
  };
  await createSidecarSet(plane, "changed", {
    ...selecting("changed"),
    containers: agent("agent:1"),
  });
  assert.deepEqual(await imagesOf("changed"), ["agent:1", "main:1"]);

  relay.silenceOpen();
  await patchSidecarSet(plane, "changed", { containers: agent("agent:2") });
  const body = {
    metadata: { name: "new" },
    spec: { ...selecting("new"), containers: agent("agent:3") },
  };
  await send(plane.client, create(resources.sidecarSets, { body }));

  await t.step(
    "are noticed: the process is not ready until it has read everything",
    async () => {
      await eventually(async () => {
        const response = await fetch(`${controller.healthUrl}/readyz`);
        const said = await response.text();
        return !response.ok && /not read yet: .*sidecarsets/.test(said);
      }, { what: "/readyz says so", interval: 20 });
      await controller.untilReady();
    },
  );

  await t.step("new Pods get what was changed and what is new", async () => {
    assert.deepEqual(await imagesOf("changed"), ["agent:2", "main:1"]);
    await eventually(async () => (await imagesOf("new")).includes("agent:3"), {
      what: "a new Pod gets the new SidecarSet",
    });
    assert.ok(namesOf((await pods.get("changed-0")).spec.containers).includes("agent"));
  });
});
