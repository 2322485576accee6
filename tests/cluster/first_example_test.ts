import assert from "node:assert/strict";
import { isObject } from "../../lib/api/json.ts";
import type { Pod } from "../../lib/api/pod.ts";
import { create, get, list } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { ClusterPods, isReady } from "../support/cluster_pods.ts";
import { type ControlPlane, startControlPlane } from "../support/control_plane.ts";
import { installAndStart } from "../support/installation.ts";
import { namesOf } from "../support/injection.ts";
import { kubectlOutput } from "../support/kubectl.ts";
import { metricsOf } from "../support/metrics.ts";
import { getSidecarSet, untilSidecarSet } from "../support/sidecarsets.ts";

const namespace = "default";
const labels = { app: "nginx" };

function example(file: string): string {
  return new URL(`../../manifests/examples/${file}`, import.meta.url).pathname;
}

/** The Pod of a ReplicaSet or of a `kubectl create`: the API server makes its name. */
function generated(client: ControlPlane["client"]): Promise<Pod> {
  const body = {
    metadata: { generateName: "twin-", labels },
    spec: { containers: [{ name: "app", image: "nginx:1.15.1" }] },
  };
  return send(client, create(resources.pods, { namespace, body }));
}

Deno.test("the first example on a real control plane", async (t) => {
  await using plane = await startControlPlane({ controllerManager: true });
  await using controller = await installAndStart(plane);
  const { client } = plane;
  const pods = new ClusterPods(client);
  const run = (...args: string[]) => kubectlOutput(args, plane);
  const untilMatched = (count: number) =>
    untilSidecarSet(plane, "test-sidecarset", {
      what: `counts ${count} Pods as matched, ready and updated`,
      is: ({ status }) =>
        [status?.matchedPods, status?.readyPods, status?.updatedPods].every((n) => n === count),
    });

  await t.step(
    "kubectl waits for the SidecarSet, and the Pod runs with both containers",
    async () => {
      await run("apply", "-f", example("sidecarset.yaml"));
      await run("wait", "--for=condition=Ready", "sidecarset/test-sidecarset", "--timeout=30s");
      await run("apply", "-f", example("pod.yaml"));
      await run("wait", "--for=condition=Ready", "pod/test-pod", "--timeout=30s");
      assert.match(
        await run("get", "pod", "test-pod", "--no-headers"),
        /^test-pod\s+2\/2\s+Running/,
      );
      const { containers } = (await pods.get("test-pod")).spec;
      assert.deepEqual(containers.map(({ name, image }) => `${name}=${image}`), [
        "sidecar1=centos:7",
        "app=nginx:1.15.1",
      ]);
      assert.deepEqual(containers[0]?.command, ["sleep", "999d"]);
    },
  );

  await t.step("the status counts the Pod, and kubectl prints it", async () => {
    const { status } = await untilMatched(1);
    assert.equal(status?.observedGeneration, 1);
    assert.equal(status?.updatedReadyPods, 1);
    assert.equal(status?.uninjectedPods, 0);
    assert.equal(status?.missedPods, 0);
    const [header = "", row = ""] = (await run("get", "scs")).trim().split("\n");
    assert.deepEqual(header.split(/\s+/), [
      "NAME",
      "MATCHED",
      "UPDATED",
      "READY",
      "MISSED",
      "AGE",
    ]);
    assert.deepEqual(row.split(/\s+/).slice(0, 5), ["test-sidecarset", "1", "1", "1", "0"]);
    const wide = await run("get", "sidecarsets", "-o", "wide");
    assert.match(wide, /REVISION\s+REASON\n.*test-sidecarset-[0-9a-z]+\s+UpToDate\s*$/);
  });

  await t.step("a dry run shows the sidecar and changes neither status nor counters", async () => {
    const before = await getSidecarSet(plane, "test-sidecarset");
    const counted = await metricsOf(controller);
    const printed = await run(
      ...["run", "tried", "--image=nginx", "--labels=app=nginx"],
      ...["--dry-run=server", "-o", "json"],
    );
    const tried = resources.pods.read(JSON.parse(printed));
    assert.deepEqual(namesOf(tried.spec.containers), ["sidecar1", "tried"]);
    const after = await metricsOf(controller);
    const reviews = "controller_runtime_webhook_requests_total";
    assert.ok(sumOf(after, reviews) > sumOf(counted, reviews), "the webhook was asked");
    const injections = "sidecarset_injections_total";
    assert.deepEqual(after.get(injections), counted.get(injections));
    // What is counted afterwards would include the dry run, had it been counted.
    await pods.create("real", { labels, spec: { containers: [{ name: "app", image: "app:1" }] } });
    const { metadata, status } = await untilMatched(2);
    assert.equal(status?.uninjectedPods, 0);
    assert.equal(metadata.generation, before.metadata.generation);
    const injected = sumOf(await metricsOf(controller), injections);
    assert.equal(injected, sumOf(counted, injections) + 1, "one Pod counts once");
  });

  await t.step("two Pods with one generateName at once both get the sidecar", async () => {
    const twins = await Promise.all([generated(client), generated(client)]);
    assert.equal(new Set(namesOf(twins.map(({ metadata }) => metadata))).size, 2);
    for (const { spec } of twins) assert.deepEqual(namesOf(spec.containers), ["sidecar1", "app"]);
    await untilMatched(4);
  });

  await t.step("nothing of a workload's template changes", async () => {
    const created = await send(
      client,
      create(resources.deployments, {
        namespace,
        body: {
          metadata: { name: "shop" },
          spec: {
            replicas: 3,
            selector: { matchLabels: { shop: "yes" } },
            template: {
              metadata: { labels: { ...labels, shop: "yes" } },
              spec: { containers: [{ name: "app", image: "nginx:1.15.1" }] },
            },
          },
        },
      }),
    );
    await run("rollout", "status", "deployment/shop", "--timeout=60s");
    await untilMatched(7);
    for (const pod of await pods.list("shop=yes")) {
      assert.ok(isReady(pod));
      assert.deepEqual(namesOf(pod.spec.containers), ["sidecar1", "app"]);
    }
    const deployment = await send(client, get(resources.deployments, { namespace, name: "shop" }));
    assert.equal(deployment.metadata.generation, 1);
    assert.deepEqual(deployment.spec, created.spec);
    const replicaSets = await send(
      client,
      list(resources.replicaSets, { namespace, labelSelector: "shop=yes" }),
    );
    assert.equal(replicaSets.items.length, 1, "no second roll-out");
    assert.equal(replicaSets.items[0]?.metadata.generation, 1);
    assert.deepEqual(podSpecOf(replicaSets.items[0]?.spec), podSpecOf(created.spec));
  });

  await t.step("deleted Pods are counted no more, and the rest stays", async () => {
    await run("delete", "deployment/shop", "pod/test-pod", "--wait=false");
    await untilMatched(3);
  });
});

function podSpecOf(spec: unknown): unknown {
  const template = isObject(spec) ? spec.template : undefined;
  return isObject(template) ? template.spec : undefined;
}

function sumOf(metrics: ReadonlyMap<string, ReadonlyMap<string, number>>, name: string): number {
  return [...metrics.get(name)?.values() ?? []].reduce((sum, value) => sum + value, 0);
}
