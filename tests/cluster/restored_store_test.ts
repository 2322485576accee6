import assert from "node:assert/strict";
import { create, get } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { ClusterPods } from "../support/cluster_pods.ts";
import { type ControlPlane, startControlPlane } from "../support/control_plane.ts";
import type { ControllerProcess } from "../support/controller_process.ts";
import { eventually } from "../support/eventually.ts";
import { installAndStart } from "../support/installation.ts";
import {
  createSidecarSet,
  deleteSidecarSet,
  getSidecarSet,
  patchSidecarSet,
  untilSidecarSet,
} from "../support/sidecarsets.ts";
import { WebhookCaller } from "../support/webhook_caller.ts";

const main = { name: "main", image: "main:1" };
const containers = (image: string) => [{ name: "agent", image }];
const selecting = (app: string) => ({ selector: { matchLabels: { app } } });

/** By when everything has to be as it is stored. */
const DEADLINE_MS = 60_000;

/** Moves the store's version on. */
async function writeMuch(plane: ControlPlane, count: number): Promise<void> {
  for (let number = 0; number < count; number++) {
    const body = { metadata: { generateName: "other-" } };
    await send(plane.client, create(resources.configMaps, { namespace: "default", body }));
  }
}

/**
 * Changes what the backup has. Resolves when the controller has read a version of its Lease that is newer than the
 * backup: of an older one it cannot see that the store was restored.
 */
async function change(plane: ControlPlane): Promise<void> {
  const before = Number(await leaseVersion(plane));
  await deleteSidecarSet(plane, "deleted");
  await patchSidecarSet(plane, "kept", { containers: containers("kept:2") });
  const { metadata: { generation } } = await getSidecarSet(plane, "kept");
  await untilSidecarSet(plane, "kept", {
    what: "is observed",
    is: ({ status }) => status?.observedGeneration === generation,
  });
  await writeMuch(plane, 150);
  await eventually(async () => Number(await leaseVersion(plane)) > before + 150, {
    what: "the Lease is renewed",
    timeout: DEADLINE_MS,
  });
}

/** The Lease's resourceVersion. */
async function leaseVersion({ client }: ControlPlane): Promise<string | undefined> {
  const ref = { namespace: "sidecarset-system", name: "sidecarset" };
  return (await send(client, get(resources.leases, ref))).metadata.resourceVersion;
}

/** How often the controller has noticed that the store was restored. */
function rollbacks(controller: ControllerProcess): number {
  return controller.log().split("was restored to an earlier state").length - 1;
}

Deno.test("an etcd that is restored from a backup while the controller runs", async (t) => {
  await using plane = await startControlPlane({ kubelet: false });
  await using controller = await installAndStart(plane);
  const pods = new ClusterPods(plane.client);
  let count = 0;
  const agentOf = async (app: string): Promise<string | undefined> => {
    const { spec } = await pods.create(`${app}-${count++}`, {
      labels: { app },
      spec: { containers: [main] },
    });
    return spec.containers.find(({ name }) => name === "agent")?.image;
  };
  await createSidecarSet(plane, "kept", { ...selecting("kept"), containers: containers("kept:1") });
  await createSidecarSet(plane, "deleted", {
    ...selecting("deleted"),
    containers: containers("deleted:1"),
  });
  using caller = await WebhookCaller.create(plane, controller);
  const backup = await plane.backUp();
  await caller.until(200);
  /** Creates Pods until both SidecarSets are as they are stored. */
  const untilRestored = async () => {
    let stale: string | undefined;
    await eventually(async () => {
      const kept = await agentOf("kept");
      if (kept === "kept:2") stale = "a Pod got what is not stored any more";
      return kept === "kept:1" && await agentOf("deleted") === "deleted:1";
    }, {
      what: "new Pods get what is stored",
      timeout: DEADLINE_MS,
      interval: 20,
      unless: () => stale,
    });
  };

  await t.step("no Pod gets what is not stored any more, once the outage is noticed", async () => {
    await change(plane);
    assert.equal(await agentOf("kept"), "kept:2");
    await plane.restore(backup, () => caller.until(503));
    await untilRestored();
    assert.equal(rollbacks(controller), 1);
    const injected = (await pods.list("app=kept")).filter(({ spec }) => spec.containers.length > 1);
    await untilSidecarSet(plane, "kept", {
      what: "counts the Pods that there are",
      is: ({ status }) => status?.matchedPods === injected.length,
    });
  });

  await t.step("is noticed although its versions have caught up meanwhile", async () => {
    await change(plane);
    controller.signal("SIGSTOP");
    await plane.restore(backup);
    await writeMuch(plane, 500);
    controller.signal("SIGCONT");
    await eventually(() => rollbacks(controller) === 2, {
      what: "the controller has noticed",
      timeout: DEADLINE_MS,
    });
    await controller.untilReady();
    await untilRestored();
  });
});
