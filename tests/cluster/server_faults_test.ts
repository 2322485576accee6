import assert from "node:assert/strict";
import type { KubeObject } from "../../lib/api/objects.ts";
import type { Pod } from "../../lib/api/pod.ts";
import { create } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { ClusterPods, containerStatus, isReady } from "../support/cluster_pods.ts";
import { startControlPlane } from "../support/control_plane.ts";
import { startController } from "../support/controller_process.ts";
import { eventually } from "../support/eventually.ts";
import { type ApiFault, FaultyApi } from "../support/faulty_api.ts";
import { serveForeignWebhook } from "../support/foreign_webhook.ts";
import { install, installAndStart } from "../support/installation.ts";
import { createSidecarSet, patchSidecarSet, untilSidecarSet } from "../support/sidecarsets.ts";
import { createDeployment } from "../support/workloads.ts";

const imageOf = ({ spec }: Pod) => spec.containers.find(({ name }) => name === "agent")?.image;
const secondsSince = (start: number) => (performance.now() - start) / 1_000;

/** Whether the Pod is ready with the image that its spec says. */
function isUp(pod: Pod): boolean {
  return isReady(pod) && containerStatus(pod, "agent")?.image === imageOf(pod);
}

Deno.test("Pods that a webhook allows one at a time are updated one after the other", async () => {
  await using plane = await startControlPlane({ controllerManager: true, audit: true });
  await using _controller = await installAndStart(plane);
  const pods = new ClusterPods(plane.client);
  const labels = { app: "pub", pub: "" };
  await createSidecarSet(plane, "pub", {
    selector: { matchLabels: { app: "pub" } },
    containers: [{ name: "agent", image: "agent:1" }],
    updateStrategy: { maxUnavailable: "100%" },
  });
  const annotations = { "kubelet.test/ready-delay": "300ms" };
  await createDeployment(plane, "pub", { replicas: 10, labels, annotations });

  const codes = [403, 404, 409, 429, 500, 503];
  let denials = 0;
  let allowed: string | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  let mostDown = 0;
  await using webhook = await serveForeignWebhook(plane, {
    name: "budget",
    label: "pub",
    operations: ["CREATE", "UPDATE"],
    deny(pod) {
      const decided = turn.then(async () => {
        if (pod.metadata.name === "probe" || imageOf(pod) === "agent:1") return undefined;
        const stored = await pods.list("app=pub");
        const down = stored.filter((each) => !isUp(each));
        mostDown = Math.max(mostDown, down.length);
        const known = stored.find(({ metadata }) => metadata.name === pod.metadata.name);
        if (known && imageOf(known) === imageOf(pod)) return undefined;
        const pending = stored.find(({ metadata }) => metadata.name === allowed);
        if (down.length === 0 && (pending === undefined || imageOf(pending) !== "agent:1")) {
          allowed = pod.metadata.name;
          return undefined;
        }
        return { code: codes[denials++ % codes.length] ?? 403, message: "one Pod is down" };
      });
      turn = decided.catch(() => {});
      return decided;
    },
  });
  const began = performance.now();
  await patchSidecarSet(plane, "pub", { containers: [{ name: "agent", image: "agent:2" }] });
  await eventually(
    async () =>
      (await pods.list("app=pub")).every((pod) => isUp(pod) && imageOf(pod) === "agent:2"),
    { what: "all Pods run the new image", timeout: 120_000 },
  );
  const seconds = secondsSince(began);
  const patches = (await plane.controllerRequests())
    .filter(({ verb, resource }) => verb === "patch" && resource === "pods");
  console.log(`10 Pods in ${seconds} s, ${denials} denials, ${patches.length} patches`);
  assert.ok(denials > 0, "the webhook has denied nothing");
  assert.ok(mostDown <= 1, `${mostDown} Pods were down at a time`);
  assert.ok(patches.length < 150, `${patches.length} patches`);
  assert.ok(webhook.calls("probe") > 0);
});

Deno.test("roll-outs and new SidecarSets continue after the API server's recovery", async (t) => {
  await using plane = await startControlPlane({ controllerManager: true });
  await install(plane);
  await using api = await FaultyApi.start(plane);
  await using controller = await startController({ kubeconfig: api.kubeconfig });
  const pods = new ClusterPods(plane.client);
  const labels = { app: "web" };
  await createSidecarSet(plane, "web", {
    selector: { matchLabels: labels },
    containers: [{ name: "agent", image: "agent:0" }],
    updateStrategy: { maxUnavailable: 1 },
  });
  const annotations = { "kubelet.test/ready-delay": "1s" };
  await createDeployment(plane, "web", { replicas: 40, labels, annotations });
  const updated = async (image: string) =>
    (await pods.list("app=web")).filter((pod) => imageOf(pod) === image).length;

  /** Waits until the fault has hit further requests. */
  const untilFailed = async (requests: number) => {
    const before = api.failed;
    await eventually(() => api.failed >= before + requests, {
      what: `${requests} further requests fail`,
      timeout: 120_000,
    });
  };
  const lossesOfLeadership = () => controller.log().split("Lost leadership").length - 1;
  const untilLost = (losses: number) =>
    eventually(() => lossesOfLeadership() >= losses, { what: "leadership is lost" });
  const half = (fault: ApiFault) => () => Math.random() < 0.5 ? fault : undefined;
  const faults: [string, () => ApiFault, { total: boolean }?][] = [
    ["half of the requests get 503", half({ httpCode: 503 }), { total: false }],
    ["503", () => ({ httpCode: 503 })],
    ["500", () => ({ httpCode: 500 })],
    ["429", () => ({ httpCode: 429 })],
    ["no answer", () => "hang"],
  ];
  for (const [i, [what, fault, { total } = { total: true }]] of faults.entries()) {
    await t.step(what, async () => {
      const image = `agent:${i + 1}`;
      await patchSidecarSet(plane, "web", { containers: [{ name: "agent", image }] });
      await eventually(async () => await updated(image) > 2, { what: "the roll-out has begun" });
      const losses = lossesOfLeadership();
      api.fail(fault);
      await untilFailed(3);
      const spec = {
        selector: { matchLabels: { app: `new-${i}` } },
        containers: [{ name: "agent", image: "agent:1" }],
      };
      const body: KubeObject & { spec: object } = { metadata: { name: `new-${i}` }, spec };
      await send(plane.client, create(resources.sidecarSets, { body }));
      // A total outage outlasts the leader's Lease.
      if (total) await untilLost(losses + 1);
      else await untilFailed(20);
      const before = await updated(image);
      api.fail(() => undefined);
      const recovered = performance.now();
      await eventually(async () => await updated(image) > before, {
        what: "the roll-out continues",
      });
      const seconds = secondsSince(recovered);
      await untilSidecarSet(plane, `new-${i}`, {
        what: "is Ready",
        is: ({ status }) =>
          status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") ===
            true,
      });
      const ready = secondsSince(recovered);
      console.log(
        `${what}: continued after ${seconds} s, Ready after ${ready} s, failed ${api.failed}`,
      );
    });
  }
});
