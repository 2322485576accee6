import assert from "node:assert/strict";
import type { KubeObject } from "../../lib/api/objects.ts";
import { create, patch } from "../../lib/kube/requests.ts";
import { type Resource, resource, resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/send.ts";
import { ClusterPods } from "../support/cluster_pods.ts";
import { type ControlPlane, startControlPlane } from "../support/control_plane.ts";
import type { ControllerProcess } from "../support/controller_process.ts";
import { eventually } from "../support/eventually.ts";
import { installAndStart } from "../support/installation.ts";
import { conditionOf, createSidecarSet, untilSidecarSet } from "../support/sidecarsets.ts";
import { createDeployment, leastReady, scale, untilReplicas } from "../support/workloads.ts";

const agent = { name: "agent", image: "agent:1" };
const main = { name: "main", image: "main:1" };

/** Creation times are cut to whole seconds, so that Pods of the first second are in doubt. */
const aSecondLater = () => new Promise((resolve) => setTimeout(resolve, 1_100));

async function metric(controller: ControllerProcess, series: string): Promise<number | undefined> {
  const text = await (await fetch(`${controller.healthUrl}/metrics`)).text();
  const line = text.split("\n").find((each) => each.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

function untilMissed(plane: ControlPlane, name: string, pods: number) {
  return untilSidecarSet(plane, name, {
    what: `has missed ${pods} Pods`,
    is: ({ status }) => status?.missedPods === pods,
  });
}

function untilUninjected(plane: ControlPlane, name: string, pods: number) {
  return untilSidecarSet(plane, name, {
    what: `has ${pods} uninjected Pods`,
    is: ({ status }) => status?.uninjectedPods === pods,
    timeout: 60_000,
  });
}

const createNamespace = (plane: ControlPlane, name: string) =>
  send(plane.client, create(resources.namespaces, { body: { metadata: { name } } }));

const labelNamespace = (plane: ControlPlane, name: string, labels: Record<string, string>) =>
  send(
    plane.client,
    patch(resources.namespaces, { name, type: "merge", body: { metadata: { labels } } }),
  );

const podDisruptionBudgets: Resource<KubeObject> = resource({
  apiVersion: "policy/v1",
  kind: "PodDisruptionBudget",
  plural: "poddisruptionbudgets",
  namespaced: true,
});

async function createBudget(plane: ControlPlane, name: string, minAvailable: string) {
  const spec = { minAvailable, selector: { matchLabels: { deployment: name } } };
  const body: KubeObject & { spec: object } = { metadata: { name }, spec };
  await send(plane.client, create(podDisruptionBudgets, { namespace: "default", body }));
}

Deno.test("missedPodPolicy Evict mends what was missed while the webhook was down, within every budget", async () => {
  await using plane = await startControlPlane({ controllerManager: true });
  await using controller = await installAndStart(plane);
  await createSidecarSet(plane, "mend", {
    selector: { matchLabels: { app: "mend" } },
    containers: [agent],
    missedPodPolicy: "Evict",
    updateStrategy: { maxUnavailable: "50%" },
  });
  await aSecondLater();
  await createDeployment(plane, "mend", { replicas: 5, labels: { app: "mend" } });
  await createBudget(plane, "mend", "80%");
  await controller.stop("SIGKILL");
  await scale(plane, "mend", { replicas: 50 });
  await untilReplicas(plane, "mend", { replicas: 50 });
  const least = await leastReady(plane, "mend", async () => {
    await controller.start();
    const { status } = await untilSidecarSet(plane, "mend", {
      what: "has all 50 Pods injected",
      is: (found) => found.status?.matchedPods === 50 && found.status.readyPods === 50,
      timeout: 240_000,
    });
    assert.deepEqual([status?.uninjectedPods, status?.missedPods], [0, 0]);
  });
  assert.ok(least >= 40, `only ${least} of 50 Pods stayed ready`);
});

Deno.test("Pods without the sidecars that they should have got", async (t) => {
  await using plane = await startControlPlane({ controllerManager: true });
  await using controller = await installAndStart(plane);
  const pods = new ClusterPods(plane.client);

  await t.step("are counted, named and explained when the webhook was down", async () => {
    await createSidecarSet(plane, "down", {
      selector: { matchLabels: { app: "down" } },
      containers: [agent],
    });
    await aSecondLater();
    await createDeployment(plane, "down", { replicas: 5, labels: { app: "down" } });
    await controller.stop("SIGKILL");
    await scale(plane, "down", { replicas: 50 });
    await untilReplicas(plane, "down", { replicas: 50 });
    await controller.start();
    await untilMissed(plane, "down", 45);
    const { status } = await untilSidecarSet(plane, "down", {
      what: "says why",
      is: (found) => conditionOf(found, "PodsMissed")?.reason === "NotReviewed",
    });
    assert.deepEqual([status?.matchedPods, status?.uninjectedPods], [5, 45]);
    const condition = status?.conditions?.find(({ type }) => type === "PodsMissed");
    assert.match(condition?.message ?? "", /^45 Pods were missed, for example default\/down-/);
    assert.equal(
      await metric(controller, 'sidecarset_missed_pods{sidecarset="down",reason="NotReviewed"}'),
      45,
    );
    await scale(plane, "down", { replicas: 0 });
    const over = await untilMissed(plane, "down", 0);
    assert.equal(conditionOf(over, "PodsMissed")?.status, "False");
  });

  await t.step("are explained by a conflict", async () => {
    await createSidecarSet(plane, "conflict", {
      selector: { matchLabels: { app: "conflict" } },
      containers: [agent],
    });
    await aSecondLater();
    await pods.create("conflict", {
      labels: { app: "conflict" },
      spec: { containers: [main, { ...agent, image: "own:1" }] },
    });
    await untilSidecarSet(plane, "conflict", {
      what: "has missed one",
      is: (found) => conditionOf(found, "PodsMissed")?.reason === "ContainerNameConflict",
    });
  });

  await t.step("are explained by an excluded namespace", async () => {
    await createSidecarSet(plane, "excluded", {
      selector: { matchLabels: { app: "excluded" } },
      containers: [agent],
    });
    await aSecondLater();
    const excluded = new ClusterPods(plane.client, "kube-public");
    await excluded.create("excluded", {
      labels: { app: "excluded" },
      spec: { containers: [main] },
    });
    await untilSidecarSet(plane, "excluded", {
      what: "has missed one",
      is: (found) => conditionOf(found, "PodsMissed")?.reason === "NamespaceExcluded",
    });
  });

  await t.step(
    "do not count as missed when they were labelled later, also after a restart",
    async () => {
      await createNamespace(plane, "later");
      await createSidecarSet(plane, "later", {
        selector: { matchLabels: { app: "later" } },
        namespaceSelector: { matchLabels: { sidecars: "on" } },
        containers: [agent],
      });
      await createSidecarSet(plane, "relabelled", {
        selector: { matchLabels: { team: "x" } },
        containers: [{ ...agent, name: "other" }],
      });
      await aSecondLater();
      await createDeployment(plane, "later", {
        replicas: 1_000,
        namespace: "later",
        labels: { app: "later" },
      });
      await pods.create("relabelled", { spec: { containers: [main] } });
      await aSecondLater();
      await labelNamespace(plane, "later", { sidecars: "on" });
      await pods.patch("relabelled", { metadata: { labels: { team: "x" } } });
      for (const restart of [false, true]) {
        if (restart) {
          await controller.stop("SIGKILL");
          await controller.start();
          await eventually(
            async () =>
              await metric(controller, 'leader_election_master_status{name="sidecarset"}') === 1,
            { what: "the controller leads" },
          );
        }
        const later = await untilUninjected(plane, "later", 1_000);
        const relabelled = await untilUninjected(plane, "relabelled", 1);
        assert.deepEqual([later.status?.missedPods, relabelled.status?.missedPods], [0, 0]);
        const counted = 'sidecarset_pods{sidecarset="later",state="missed"}';
        assert.equal(await metric(controller, counted), 0);
      }
    },
  );
});
