import assert from "node:assert/strict";
import { isObject } from "../../lib/api/json.ts";
import { HASH_ANNOTATION, HASH_WITHOUT_IMAGE_ANNOTATION } from "../../lib/api/names.ts";
import type { KubeObject } from "../../lib/api/objects.ts";
import { create, get, patch, remove } from "../../lib/kube/requests.ts";
import { resource, resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { ClusterPods } from "../support/cluster_pods.ts";
import { containerOf, InjectionCluster, namesOf } from "../support/injection.ts";
import { kubectl, kubectlOutput } from "../support/kubectl.ts";
import { getSidecarSet } from "../support/sidecarsets.ts";

const alpha = resource<KubeObject>({
  apiVersion: "apps.kruise.io/v1alpha1",
  kind: "SidecarSet",
  plural: "sidecarsets",
  namespaced: false,
});

const VERSION_LABEL = "apps.kruise.io/sidecarset-custom-version";

const main = { name: "main", image: "main:1" };

function manifest(apiVersion: string, name: string): string {
  return JSON.stringify({
    apiVersion,
    kind: "SidecarSet",
    metadata: { name },
    spec: {
      selector: { matchLabels: { app: name } },
      volumes: [{ name: "scratch" }],
      containers: [{
        name: "agent",
        image: "agent",
        ports: [{ containerPort: 80 }],
        resources: { limits: { cpu: 1, memory: "0.5Gi" } },
        livenessProbe: { httpGet: { port: 80 } },
        volumeMounts: [{ name: "scratch", mountPath: "/scratch" }],
      }],
    },
  });
}

async function podOfReview(name: string): Promise<unknown> {
  const file = new URL(`../webhook/testdata/${name}.json`, import.meta.url);
  const review: unknown = JSON.parse(await Deno.readTextFile(file));
  return isObject(review) && isObject(review.request) ? review.request.object : undefined;
}

Deno.test("SidecarSets and Pods at the API server", async (t) => {
  await using cluster = await InjectionCluster.start();
  const { plane } = cluster;
  const { client } = plane;
  const pods = new ClusterPods(client);
  const specOf = async (version: typeof alpha, name: string) => {
    const found = await send(client, get(version, { name }));
    assert.ok("spec" in found);
    return found.spec;
  };

  await t.step("both versions are written and read, and mean the same", async () => {
    await cluster.createNamespace("shop");
    const labels = { [VERSION_LABEL]: "one" };
    const spec = { selector: { matchLabels: { app: "web" } }, namespace: "shop" };
    const old = { ...spec, containers: [{ name: "old", image: "old:1" }] };
    await send(client, create(alpha, { body: specified("old-form", { labels, spec: old }) }));
    await cluster.createReady({
      "new-form": {
        ...spec,
        customVersion: "two",
        containers: [{ name: "new", image: "new:1" }],
      },
    });
    await cluster.untilReady("old-form");
    for (const name of ["old-form", "new-form"]) {
      assert.deepEqual(await specOf(alpha, name), await specOf(resources.sidecarSets, name));
    }
    assert.equal((await getSidecarSet(plane, "old-form")).spec.namespace, "shop");
    assert.equal((await getSidecarSet(plane, "old-form")).metadata.labels?.[VERSION_LABEL], "one");
    const shop = new ClusterPods(client, "shop");
    const podSpec = { containers: [main] };
    const pod = await shop.create("web", { labels: { app: "web" }, spec: podSpec });
    assert.deepEqual(namesOf(pod.spec.containers), ["new", "old", "main"]);
    const elsewhere = await pods.create("web", { labels: { app: "web" }, spec: podSpec });
    assert.deepEqual(namesOf(elsewhere.spec.containers), ["main"]);
  });

  await t.step("defaults and hashes are written for other tools to see", async () => {
    const { metadata, spec } = await getSidecarSet(plane, "new-form");
    assert.equal(spec.containers?.[0]?.podInjectPolicy, "BeforeAppContainer");
    assert.equal(spec.containers?.[0]?.imagePullPolicy, "IfNotPresent");
    assert.deepEqual(spec.updateStrategy, {
      type: "RollingUpdate",
      maxUnavailable: 1,
      partition: 0,
    });
    assert.equal(metadata.annotations?.[HASH_ANNOTATION]?.length, 64);
    assert.equal(metadata.annotations?.[HASH_WITHOUT_IMAGE_ANNOTATION]?.length, 64);
  });

  const ways = ["v1alpha1", "v1beta1"].flatMap((version) =>
    ["client", "server"].map((side) => ({ version, side, name: `twice-${version}-${side}` }))
  );
  const run = (command: string, { version, side, name }: typeof ways[number]) =>
    kubectlOutput([command, `--server-side=${side === "server"}`, "-f", "-"], {
      ...plane,
      input: manifest(`apps.kruise.io/${version}`, name),
    });
  for (const way of ways) await run("apply", way);
  await Promise.all(ways.map(({ name }) => cluster.untilReady(name)));

  /** All but the API server's own accounts: client-side kubectl sends lists with defaults in them again. */
  const content = async (name: string) => {
    const found = await getSidecarSet(plane, name);
    const { managedFields: _fields, resourceVersion: _version, ...metadata } = found.metadata;
    return { ...found, metadata };
  };
  for (const way of ways) {
    const { version, side, name } = way;
    await t.step(`kubectl apply twice makes no difference: ${version}, ${side}-side`, async () => {
      const before = await content(name);
      assert.equal(await run("diff", way), "");
      await run("apply", way);
      assert.deepEqual(await content(name), before);
    });
  }

  await t.step("kubectl shows which field of a sidecar is unknown, and it is stored", async () => {
    const probe = { httpGet: { port: 80 } };
    const agent = { name: "agent", image: "agent:1", livenessprobe: probe, startupProbe: probe };
    const { code, stderr } = await kubectl(["create", "-f", "-"], {
      kubeconfig: plane.kubeconfig,
      input: JSON.stringify({
        apiVersion: "apps.kruise.io/v1beta1",
        kind: "SidecarSet",
        metadata: { name: "misspelt" },
        spec: { selector: { matchLabels: { app: "misspelt" } }, containers: [agent] },
      }),
    });
    assert.equal(code, 0, stderr);
    assert.equal(
      stderr,
      "Warning: Use livenessProbe: field spec.containers[0].livenessprobe is unknown\n",
    );
    const { containers: [stored] } = Object(await specOf(resources.sidecarSets, "misspelt"));
    assert.deepEqual(stored.livenessprobe, probe, "a newer API server may know it");
    assert.deepEqual(stored.startupProbe, probe, "Pods' defaults would change the hash");
  });

  await t.step("two managers apply a container each", async () => {
    const selector = { matchLabels: { app: "shared" } };
    const applied = (fieldManager: string, containers: object[]) => {
      const body = specified("shared", { spec: { selector, containers } });
      const options = { name: "shared", type: "apply" as const, fieldManager, body };
      return send(client, patch(resources.sidecarSets, options));
    };
    const one = { name: "one", image: "one:1" };
    const two = { name: "two", image: "two:1" };
    await applied("first", [one]);
    await applied("second", [two]);
    const containers = async () =>
      (await getSidecarSet(plane, "shared")).spec.containers?.map(({ name, image }) =>
        `${name}=${image}`
      );
    assert.deepEqual(await containers(), ["one=one:1", "two=two:1"]);
    const before = await getSidecarSet(plane, "shared");
    await applied("first", [one]);
    const after = await getSidecarSet(plane, "shared");
    assert.equal(after.metadata.generation, before.metadata.generation);
    await applied("second", [{ ...two, image: "two:2" }]);
    assert.deepEqual(await containers(), ["one=one:1", "two=two:2"]);
    await assert.rejects(applied("second", [two, { ...one, image: "mine:1" }]), /conflict/);
    await send(client, remove(resources.sidecarSets, { name: "shared" }));
  });

  await t.step("a Pod with the newest fields keeps them all", async () => {
    const recorded = resources.pods.read(await podOfReview("new-fields"));
    const { managedFields: _fields, namespace: _namespace, ...metadata } = recorded.metadata;
    const selector = { matchLabels: metadata.labels ?? {} };
    const body = { ...recorded, metadata };
    const unselected = await send(
      client,
      create(resources.pods, { namespace: "default", body, dryRun: true }),
    );
    await cluster.createReady({
      newest: { selector, containers: [{ name: "agent", image: "agent:1" }] },
    });
    const pod = await send(client, create(resources.pods, { namespace: "default", body }));
    assert.deepEqual(namesOf(pod.spec.containers), ["agent", "main"]);
    assert.deepEqual(containerOf(pod, "main"), containerOf(unselected, "main"));
    assert.deepEqual(
      { ...pod.spec, containers: [] },
      { ...unselected.spec, containers: [] },
    );
    assert.ok(containerOf(pod, "main")?.restartPolicyRules, "the field that is newest");
  });

  await t.step("kubectl explains the fields of a sidecar", async () => {
    const field = "sidecarset.spec.containers.shareVolumePolicy";
    const { stdout } = await kubectl(["explain", field], plane);
    assert.match(stdout, /Whether this container gets the volume mounts of the Pod's containers/);
  });
});

function specified(
  name: string,
  { labels, spec }: { labels?: Record<string, string>; spec: object },
) {
  return {
    apiVersion: "apps.kruise.io/v1beta1",
    kind: "SidecarSet",
    metadata: { name, ...(labels ? { labels } : {}) },
    spec,
  };
}
