import assert from "node:assert/strict";
import { create } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { ClusterPods } from "../support/cluster_pods.ts";
import {
  containerOf,
  envOf,
  InjectionCluster,
  namesOf,
  recordOf,
  selecting,
} from "../support/injection.ts";
import { kubectl } from "../support/kubectl.ts";

const main = { name: "main", image: "main:1" };
const scratch = { name: "scratch", emptyDir: {} };

Deno.test("containers that a Pod gets through the API server", async (t) => {
  await using cluster = await InjectionCluster.start();
  const pods = new ClusterPods(cluster.plane.client);
  await cluster.createReady({
    "a-both": {
      ...selecting("order"),
      containers: [
        { name: "before", image: "before:1", podInjectPolicy: "BeforeAppContainer" },
        { name: "after", image: "after:1", podInjectPolicy: "AfterAppContainer" },
      ],
      initContainers: [{ name: "z-setup", image: "setup:1" }],
    },
    "b-more": {
      ...selecting("order"),
      containers: [{ name: "again", image: "again:1" }],
      initContainers: [
        { name: "y-setup", image: "setup:1", podInjectPolicy: "BeforeAppContainer" },
        { name: "a-setup", image: "setup:1" },
      ],
    },
    native: {
      ...selecting("native"),
      initContainers: [{ name: "proxy", image: "proxy:1", restartPolicy: "Always" }],
    },
    volumes: {
      ...selecting("volumes"),
      volumes: [scratch, { name: "unused", emptyDir: {} }],
      containers: [{
        name: "agent",
        image: "agent:1",
        volumeMounts: [{ name: "scratch", mountPath: "/scratch" }],
      }],
    },
    secrets: {
      ...selecting("secrets"),
      imagePullSecrets: [{ name: "theirs" }, { name: "ours" }],
      containers: [{ name: "agent", image: "agent:1" }],
    },
    hot: {
      ...selecting("hot"),
      containers: [{
        name: "mesh",
        image: "mesh:1",
        upgradeStrategy: { upgradeType: "HotUpgrade", hotUpgradeEmptyImage: "empty:1" },
      }],
    },
    refuse: { ...selecting("refuse"), containers: [{ name: "main", image: "ours:1" }] },
    replace: {
      ...selecting("replace"),
      conflictPolicy: "Replace",
      containers: [{ name: "main", image: "ours:1" }, { name: "agent", image: "agent:1" }],
    },
    claims: {
      ...selecting("claims"),
      containers: [{ name: "agent", image: "agent:1", resources: { claims: [{ name: "gpu" }] } }],
    },
    job: {
      ...selecting("job"),
      containers: [{ name: "agent", image: "agent:1", completionPolicy: "TerminateWithMain" }],
    },
  });
  const createPod = (app: string, spec: object = {}) =>
    pods.create(app, { labels: { app }, spec: { containers: [main], ...spec } });

  await t.step(
    "stand before or after the Pod's own, SidecarSets in order of their names",
    async () => {
      const pod = await createPod("order", {
        initContainers: [{ name: "own-setup", image: "own:1" }],
      });
      assert.deepEqual(namesOf(pod.spec.containers), ["before", "again", "main", "after"]);
      assert.deepEqual(namesOf(pod.spec.initContainers), [
        "y-setup",
        "own-setup",
        "a-setup",
        "z-setup",
      ]);
      assert.equal(
        pod.metadata.annotations?.["kruise.io/sidecarset-injected-list"],
        "a-both,b-more",
      );
      assert.deepEqual(recordOf(pod, "a-both")?.sidecarList, ["after", "before"]);
      assert.equal(envOf(pod, { container: "after", name: "IS_INJECTED" })?.value, "true");
      assert.equal(envOf(pod, { container: "main", name: "IS_INJECTED" }), undefined);
    },
  );

  await t.step("leave kubectl to the Pod's own container", async () => {
    for (const [verb, ...command] of [["logs"], ["exec", "--", "true"]]) {
      const args = [verb ?? "", "order", "-v=6", ...command];
      const { stderr } = await kubectl(args, cluster.plane);
      assert.match(stderr, /\bcontainer=main\b/);
    }
    const { metadata } = await createPod("native");
    assert.equal(metadata.annotations?.["kubectl.kubernetes.io/default-container"], undefined);
    await pods.remove("native");
  });

  await t.step("have resource claims of the Pod", async () => {
    const resourceClaims = [{ name: "gpu", resourceClaimName: "gpu" }];
    const pod = await createPod("claims", { resourceClaims });
    // API servers without DynamicResourceAllocation, before Kubernetes 1.34, drop the claims of Pods and containers.
    const kept = pod.spec.resourceClaims === undefined ? undefined : [{ name: "gpu" }];
    assert.deepEqual(containerOf(pod, "agent")?.resources?.claims, kept);
  });

  await t.step("may be native sidecars", async () => {
    const pod = await createPod("native");
    assert.equal(containerOf(pod, "proxy")?.restartPolicy, "Always");
    assert.deepEqual(namesOf(pod.spec.initContainers), ["proxy"]);
    assert.deepEqual(recordOf(pod, "native")?.sidecarList, ["proxy"]);
  });

  await t.step("bring the volumes that they mount, and no others", async () => {
    const pod = await createPod("volumes");
    assert.deepEqual(pod.spec.volumes, [scratch]);
    assert.deepEqual(containerOf(pod, "agent")?.volumeMounts, [
      { name: "scratch", mountPath: "/scratch" },
    ]);
  });

  await t.step("use the Pod's volume of the same name where it has one", async () => {
    const spec = {
      containers: [main],
      volumes: [{ name: "scratch", emptyDir: { medium: "Memory" } }],
    };
    const pod = await pods.create("own-volume", { labels: { app: "volumes" }, spec });
    assert.deepEqual(pod.spec.volumes, spec.volumes);
  });

  await t.step("bring pull secrets behind the Pod's, each once", async () => {
    const pod = await createPod("secrets", { imagePullSecrets: [{ name: "theirs" }] });
    assert.deepEqual(namesOf(pod.spec.imagePullSecrets), ["theirs", "ours"]);
  });

  await t.step("are pairs for a hot upgrade", async () => {
    const pod = await createPod("hot");
    assert.deepEqual(
      pod.spec.containers.map(({ name, image }) => `${name}=${image}`),
      ["mesh-1=mesh:1", "mesh-2=empty:1", "main=main:1"],
    );
    assert.deepEqual(envOf(pod, { container: "mesh-2", name: "SIDECARSET_VERSION" })?.valueFrom, {
      fieldRef: {
        apiVersion: "v1",
        fieldPath: "metadata.annotations['version.sidecarset.kruise.io/mesh-2']",
      },
    });
    const { annotations = {} } = pod.metadata;
    assert.equal(annotations["version.sidecarset.kruise.io/mesh-1"], "1");
    assert.equal(annotations["versionalt.sidecarset.kruise.io/mesh-2"], "1");
    assert.equal(
      annotations["kruise.io/sidecarset-working-hotupgrade-container"],
      '{"mesh":"mesh-1"}',
    );
    assert.deepEqual(recordOf(pod, "hot")?.sidecarList, ["mesh"]);
  });

  await t.step("never replace the Pod's own container", async () => {
    const pod = await createPod("refuse");
    assert.deepEqual(pod.spec.containers.map(({ image }) => image), ["main:1"]);
    assert.equal(pod.metadata.annotations?.["kruise.io/sidecarset-injected-list"], undefined);
  });

  await t.step("replace it in place where conflictPolicy says so", async () => {
    const containers = [{ name: "first", image: "first:1" }, main];
    const pod = await createPod("replace", { containers });
    assert.deepEqual(
      pod.spec.containers.map(({ name, image }) => `${name}=${image}`),
      ["agent=agent:1", "first=first:1", "main=ours:1"],
    );
  });

  await t.step("carry the mark by which they end with a Job's main container", async () => {
    const pod = await createPod("job", { restartPolicy: "Never" });
    const name = "KRUISE_TERMINATE_SIDECAR_WHEN_JOB_EXIT";
    assert.equal(envOf(pod, { container: "agent", name })?.value, "true");
  });

  await t.step("are the same for the Pod of a dry run, which is not stored", async () => {
    const metadata = { name: "dry", labels: { app: "order" } };
    const body = { metadata, spec: { containers: [main] } };
    const request = create(resources.pods, { namespace: "default", dryRun: true, body });
    const pod = await send(cluster.plane.client, request);
    assert.deepEqual(namesOf(pod.spec.containers), ["before", "again", "main", "after"]);
    assert.equal((await pods.list()).some(({ metadata }) => metadata.name === "dry"), false);
  });
});
