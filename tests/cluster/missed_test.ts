import assert from "node:assert/strict";
import { COUNTED_UNTIL_ANNOTATION } from "../../lib/api/names.ts";
import type { KubeObject } from "../../lib/api/objects.ts";
import type { Pod } from "../../lib/api/pod.ts";
import { create, get, list, patch } from "../../lib/kube/requests.ts";
import { type Resource, resource, resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { ClusterPods } from "../support/cluster_pods.ts";
import { type ControlPlane, startControlPlane } from "../support/control_plane.ts";
import { startController } from "../support/controller_process.ts";
import { eventually } from "../support/eventually.ts";
import { namesOf } from "../support/injection.ts";
import { installAndStart } from "../support/installation.ts";
import { kubectlOutput } from "../support/kubectl.ts";
import { metricsOf } from "../support/metrics.ts";
import { PodHistory } from "../support/pod_history.ts";
import { conditionOf, createSidecarSet, untilSidecarSet } from "../support/sidecarsets.ts";
import { untilSecondsLater } from "../support/whole_seconds.ts";
import {
  createDeployment,
  createStatefulSet,
  scale,
  scaleStatefulSet,
  untilReplicas,
  untilStatefulSet,
} from "../support/workloads.ts";

const agent = { name: "agent", image: "agent:1" };
const main = { name: "main", image: "main:1" };

const uidsOf = (pods: readonly Pod[]) => new Set(pods.map(({ metadata }) => metadata.uid));

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
  });
}

/** Maximum delay of a count: a restarted controller takes only older Pods for counted. */
const COUNT_DELAY_MS = 10_000;

/** Waits until the leader has published that its counts include the Pods that exist at a time. */
function untilCountedSince({ client }: ControlPlane, time: number): Promise<unknown> {
  const lease = { name: "sidecarset", namespace: "sidecarset-system" };
  return eventually(async () => {
    const { metadata } = await send(client, get(resources.leases, lease));
    const countedUntil = metadata.annotations?.[COUNTED_UNTIL_ANNOTATION] ?? "";
    return Date.parse(countedUntil) > time + COUNT_DELAY_MS;
  }, { what: "all Pods are counted for certain" });
}

const createNamespace = (
  plane: ControlPlane,
  name: string,
  labels: Record<string, string> = {},
) => send(plane.client, create(resources.namespaces, { body: { metadata: { name, labels } } }));

/** Null removes a label. */
const labelNamespace = (
  plane: ControlPlane,
  name: string,
  labels: Record<string, string | null>,
) =>
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

/** A Job of two Pods that run for ever. */
async function createJob(plane: ControlPlane, name: string, app: string) {
  const body = {
    metadata: { name },
    spec: {
      parallelism: 2,
      template: {
        metadata: { labels: { app } },
        spec: { restartPolicy: "Never", containers: [main] },
      },
    },
  };
  await send(plane.client, create(resources.jobs, { namespace: "default", body }));
}

/** The notes of events for a SidecarSet with a reason. */
async function notesOf(plane: ControlPlane, name: string, expected: string): Promise<string[]> {
  const { items } = await send(plane.client, list(resources.events, { namespace: "default" }));
  return items
    .filter(({ regarding, reason }) => regarding.name === name && reason === expected)
    .map(({ note }) => note);
}

Deno.test("Pods that workloads create while the webhook is down for 30 s", async (t) => {
  await using plane = await startControlPlane({ controllerManager: true, audit: true });
  await using controller = await installAndStart(plane);
  const pods = new ClusterPods(plane.client);
  const selecting = (app: string) => ({ selector: { matchLabels: { app } }, containers: [agent] });
  await createSidecarSet(plane, "down", selecting("down"));
  await createSidecarSet(plane, "evicted", {
    ...selecting("evicted"),
    missedPodPolicy: "Evict",
    updateStrategy: { maxUnavailable: "50%" },
  });
  await untilSecondsLater();
  await createDeployment(plane, "down", { replicas: 5, labels: { app: "down" } });
  await createDeployment(plane, "evicted", { replicas: 5, labels: { app: "evicted" } });
  await createStatefulSet(plane, "evicted", { replicas: 2, labels: { app: "evicted" } });
  await createBudget(plane, "evicted", "80%");

  await controller.stop("SIGKILL");
  await scale(plane, "down", { replicas: 50 });
  await scale(plane, "evicted", { replicas: 50 });
  await scaleStatefulSet(plane, "evicted", 4);
  await createJob(plane, "evicted", "evicted");
  await untilReplicas(plane, "down", { replicas: 50 });
  await untilReplicas(plane, "evicted", { replicas: 50 });
  await untilStatefulSet(plane, "evicted", { replicas: 4 });
  const reported = uidsOf(await pods.list("deployment=down"));
  await using history = await PodHistory.start(plane.client, "deployment=evicted");
  assert.equal(history.leastReady, 50);
  await controller.start();

  await t.step("are counted, named and explained with missedPodPolicy Report", async () => {
    await untilMissed(plane, "down", 45);
    const { status } = await untilSidecarSet(plane, "down", {
      what: "says why",
      is: (found) => conditionOf(found, "PodsMissed")?.reason === "NotReviewed",
    });
    assert.deepEqual([status?.matchedPods, status?.uninjectedPods], [5, 45]);
    const condition = status?.conditions?.find(({ type }) => type === "PodsMissed");
    assert.match(condition?.message ?? "", /^45 Pods were missed, for example default\/down-/);
    const byReason = (await metricsOf(controller)).get("sidecarset_missed_pods");
    assert.equal(byReason?.get('sidecarset="down",reason="NotReviewed"'), 45);
    const notes = await eventually(async () => {
      const found = await notesOf(plane, "down", "NotReviewed");
      return found.length > 0 && found;
    }, { what: "there is an event" });
    assert.equal(notes.length, 1);
    assert.match(notes[0] ?? "", /^\d+ Pods? w\w+ missed, for example default\/down-/);
  });

  await t.step("have events, ten of their own and one of their workload", async () => {
    const events = await eventually(async () => {
      const { items } = await send(plane.client, list(resources.events, { namespace: "default" }));
      const found = items.filter(({ related }) => related?.name === "down");
      return found.some(({ regarding }) => regarding.kind === "ReplicaSet") && found;
    }, { what: "the workload has an event", timeout: 60_000 });
    const missed = new Set(
      (await pods.list("deployment=down"))
        .filter(({ spec }) => spec.containers.length === 1)
        .map(({ metadata }) => metadata.uid),
    );
    const ofPods = events.filter(({ regarding }) => regarding.kind === "Pod");
    assert.ok(ofPods.length > 0 && ofPods.length <= 10, `${ofPods.length} events of Pods`);
    assert.ok(
      ofPods.every(({ regarding }) => missed.has(regarding.uid)),
      "none of an injected Pod",
    );
    assert.equal(events.length, ofPods.length + 1);
    for (const { reason, note } of events) {
      assert.equal(reason, "NotReviewed");
      assert.match(note, /^SidecarSet down is not injected: no ready webhook reviewed the Pod/);
    }
  });

  await t.step("are recreated with missedPodPolicy Evict, within every budget", async () => {
    const { status } = await untilSidecarSet(plane, "evicted", {
      what: "has all Pods injected that a workload recreates",
      is: ({ status }) => status?.matchedPods === 54 && status.readyPods === 54,
      timeout: 240_000,
    });
    assert.deepEqual([status?.uninjectedPods, status?.missedPods], [2, 2], "those of the Job");
    for (const pod of await pods.list("deployment=evicted")) {
      assert.deepEqual(namesOf(pod.spec.containers), ["agent", "main"]);
    }
    assert.ok(history.leastReady >= 40, `only ${history.leastReady} of 50 Pods were ready`);
    const evictions = (await plane.controllerRequests())
      .filter(({ resource, code }) => resource === "pods/eviction" && code === 201);
    assert.equal(evictions.length, 47, "each Pod once, and only those that were missed");
    assert.ok(evictions.every(({ name }) => name.startsWith("evicted-")));
  });

  await t.step("stay as they are with missedPodPolicy Report, until they go", async () => {
    assert.deepEqual(uidsOf(await pods.list("deployment=down")), reported);
    await scale(plane, "down", { replicas: 0 });
    const over = await untilMissed(plane, "down", 0);
    assert.equal(conditionOf(over, "PodsMissed")?.status, "False");
  });
});

Deno.test("Pods without the sidecars that they should have got", async (t) => {
  await using plane = await startControlPlane({ controllerManager: true });
  await using controller = await installAndStart(plane);
  const pods = new ClusterPods(plane.client);

  await t.step(
    "are explained by a conflict, and not missed where nothing is ever injected",
    async () => {
      const selecting = (app: string) => ({
        selector: { matchLabels: { app } },
        containers: [agent],
      });
      await createSidecarSet(plane, "conflict", selecting("conflict"));
      await createSidecarSet(plane, "excluded", selecting("excluded"));
      await untilSecondsLater();
      await pods.create("conflict", {
        labels: { app: "conflict" },
        spec: { containers: [main, { ...agent, image: "own:1" }] },
      });
      await new ClusterPods(plane.client, "kube-public").create("excluded", {
        labels: { app: "excluded" },
        spec: { containers: [main] },
      });
      await pods.create("mirror", {
        labels: { app: "excluded" },
        annotations: { "kubernetes.io/config.mirror": "hash" },
        spec: { nodeName: "node-0", containers: [main] },
      });
      await untilSidecarSet(plane, "conflict", {
        what: "has missed one",
        is: (found) => conditionOf(found, "PodsMissed")?.reason === "ContainerNameConflict",
      });
      const described = await eventually(async () => {
        const text = await kubectlOutput(["describe", "pod", "conflict"], plane);
        return text.includes("ContainerNameConflict") && text;
      }, { what: "kubectl describe pod has the reason", timeout: 60_000 });
      assert.match(
        described,
        /Warning +ContainerNameConflict .*SidecarSet conflict is not injected/,
      );
      const { status } = await untilUninjected(plane, "excluded", 2);
      assert.equal(status?.missedPods, 0, "no recreation could clear that");
    },
  );

  await t.step(
    "do not count as missed when they came to be selected later, also after a restart",
    async () => {
      const inNamespaces = (app: string, operator: "In" | "NotIn", value: string) => ({
        selector: { matchLabels: { app } },
        namespaceSelector: { matchExpressions: [{ key: "sidecars", operator, values: [value] }] },
        containers: [agent],
      });
      await createNamespace(plane, "later");
      await createNamespace(plane, "opted-out", { sidecars: "off" });
      await createSidecarSet(plane, "later", inNamespaces("later", "In", "on"));
      await createSidecarSet(plane, "opted-out", inNamespaces("opted-out", "NotIn", "off"));
      await createSidecarSet(plane, "relabelled", {
        selector: { matchLabels: { team: "x" } },
        containers: [{ ...agent, name: "other" }],
      });
      await untilSecondsLater();
      await Promise.all(
        ["later", "opted-out"].map((app) =>
          createDeployment(plane, app, { replicas: 20, namespace: app, labels: { app } })
        ),
      );
      await pods.create("relabelled", { spec: { containers: [main] } });
      // Labels set within a second of the creation cannot be distinguished from those of the creation.
      await untilSecondsLater(2);
      await labelNamespace(plane, "later", { sidecars: "on" });
      await labelNamespace(plane, "opted-out", { sidecars: null });
      await pods.patch("relabelled", { metadata: { labels: { team: "x" } } });
      const expected = { later: 20, "opted-out": 20, relabelled: 1 };
      for (const restart of [false, true]) {
        if (restart) await untilCountedSince(plane, Date.now());
        if (restart) await controller.stop();
        if (restart) await controller.start();
        await eventually(
          async () =>
            (await metricsOf(controller)).get("leader_election_master_status")
              ?.get('name="sidecarset"') === 1,
          { what: "the controller leads" },
        );
        for (const [name, uninjected] of Object.entries(expected)) {
          const { status } = await untilUninjected(plane, name, uninjected);
          assert.equal(status?.missedPods, 0, name);
          const counts = (await metricsOf(controller)).get("sidecarset_pods");
          assert.equal(counts?.get(`sidecarset="${name}",state="missed"`), 0, name);
        }
      }
    },
  );

  await t.step(
    "are judged by the API server's clock, however the controller's is set",
    async () => {
      await createDeployment(plane, "skewed", { replicas: 2, labels: { app: "skewed" } });
      // A process that starts later cannot tell which of two objects of the same second is older.
      await untilSecondsLater();
      await controller.stop();
      await using skewed = await startController({
        kubeconfig: plane.controllerKubeconfig,
        clockOffset: -300_000,
      });
      await createSidecarSet(plane, "skewed", {
        selector: { matchLabels: { app: "skewed" } },
        containers: [agent],
      });
      const { status } = await untilUninjected(plane, "skewed", 2);
      assert.equal(status?.missedPods, 0, "they are older than the SidecarSet");
      await untilSecondsLater();
      await skewed.stop("SIGKILL");
      await pods.create("skewed", { labels: { app: "skewed" }, spec: { containers: [main] } });
      await controller.start();
      await untilMissed(plane, "skewed", 1);
    },
  );
});
