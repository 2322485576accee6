import assert from "node:assert/strict";
import type { Container } from "../../lib/api/container.ts";
import type { Pod } from "../../lib/api/pod.ts";
import type { ResourcesPolicy, SidecarContainer } from "../../lib/api/sidecar_container.ts";
import { ClusterPods } from "../support/cluster_pods.ts";
import { serveForeignWebhook } from "../support/foreign_webhook.ts";
import { containerOf, envOf, InjectionCluster, namesOf, selecting } from "../support/injection.ts";

const TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount";

const data = { name: "data", emptyDir: {} };
const sharing = { shareVolumePolicy: { type: "enabled" } } satisfies Partial<SidecarContainer>;

/** A container whose mount's path depends on a variable of it. */
const main = {
  name: "main",
  image: "main:1",
  env: [{ name: "POD", value: "one" }, { name: "COLOR", value: "red" }, {
    name: "SIZE",
    value: "L",
  }],
  volumeMounts: [{ name: "data", mountPath: "/data", subPathExpr: "$(POD)", readOnly: true }],
};

function withResources(name: string, resources: NonNullable<Container["resources"]>) {
  return { name, image: `${name}:1`, resources };
}

function computing(policy: ResourcesPolicy): SidecarContainer {
  return { name: "agent", image: "agent:1", resourcesPolicy: policy };
}

const mountPaths = (pod: Pod, name: string) =>
  containerOf(pod, name)?.volumeMounts?.map(({ mountPath }) => mountPath)
    .filter((path) => path !== TOKEN_PATH);

Deno.test("what sidecars take over from a Pod through the API server", async (t) => {
  // With its token controller, so that the API server mounts ServiceAccount tokens.
  await using cluster = await InjectionCluster.start({ plane: { controllerManager: true } });
  const pods = new ClusterPods(cluster.plane.client);
  await cluster.createReady({
    mounts: {
      ...selecting("mounts"),
      volumes: [{ name: "own", emptyDir: {} }],
      containers: [{
        name: "agent",
        image: "agent:1",
        ...sharing,
        volumeMounts: [{ name: "own", mountPath: "/own" }],
      }],
      initContainers: [{ name: "proxy", image: "proxy:1", restartPolicy: "Always", ...sharing }],
    },
    devices: {
      ...selecting("devices"),
      containers: [{
        name: "agent",
        image: "agent:1",
        shareVolumeDevicePolicy: { type: "enabled" },
      }],
    },
    env: {
      ...selecting("env"),
      containers: [{
        name: "agent",
        image: "agent:1",
        env: [{ name: "SIZE", value: "own" }],
        transferEnv: [
          { sourceContainerName: "main", envName: "COLOR" },
          { sourceContainerName: "main", envNames: ["SIZE", "MISSING", "POD"] },
          {
            sourceContainerNameFrom: { fieldRef: { fieldPath: "metadata.labels['source']" } },
            envName: "BY_LABEL",
          },
          {
            sourceContainerNameFrom: {
              fieldRef: { fieldPath: "metadata.annotations['example.com/source']" },
            },
            envName: "BY_ANNOTATION",
          },
        ],
      }],
    },
    sum: {
      ...selecting("sum"),
      containers: [computing({
        targetContainersMode: "sum",
        targetContainersNameRegex: "^(app-|late$)",
        resourcesExpr: {
          limits: { cpu: "cpu*50%", memory: "max(memory/4, 64Mi)" },
          requests: { cpu: "min(cpu, 100m)", memory: "32Mi" },
        },
      })],
    },
    max: {
      ...selecting("max"),
      containers: [computing({
        targetContainersMode: "max",
        resourcesExpr: { limits: { cpu: "cpu", memory: "memory + 10Mi" } },
      })],
    },
  });

  await t.step("mounts are shared with the variables that their paths name", async () => {
    const pod = await pods.create("mounts", {
      labels: { app: "mounts" },
      spec: { containers: [main], volumes: [data] },
    });
    assert.deepEqual(mountPaths(pod, "agent"), ["/own", "/data"]);
    assert.deepEqual(
      containerOf(pod, "agent")?.volumeMounts?.find(({ name }) => name === "data"),
      main.volumeMounts[0],
    );
    assert.equal(envOf(pod, { container: "agent", name: "POD" })?.value, "one");
    assert.equal(envOf(pod, { container: "agent", name: "COLOR" }), undefined);
    assert.deepEqual(mountPaths(pod, "proxy"), ["/data"]);
    assert.deepEqual(
      pod.spec.volumes?.map(({ name }) => name).filter((name) => !name.startsWith("kube-api")),
      ["data", "own"],
    );
  });

  await t.step("each container mounts its own ServiceAccount token, once", async () => {
    const pod = await pods.get("mounts");
    for (const name of ["main", "agent", "proxy"]) {
      const tokens = containerOf(pod, name)?.volumeMounts
        ?.filter(({ mountPath }) => mountPath === TOKEN_PATH);
      assert.equal(tokens?.length, 1, name);
    }
  });

  await t.step("devices are shared", async () => {
    const device = { name: "disk", devicePath: "/dev/xvda" };
    const pod = await pods.create("devices", {
      labels: { app: "devices" },
      spec: {
        containers: [{ name: "main", image: "main:1", volumeDevices: [device] }],
        volumes: [{ name: "disk", persistentVolumeClaim: { claimName: "disk" } }],
      },
    });
    assert.deepEqual(containerOf(pod, "agent")?.volumeDevices, [device]);
  });

  await t.step("variables are transferred by name, by label and by annotation", async () => {
    const pod = await pods.create("env", {
      labels: { app: "env", source: "other" },
      annotations: { "example.com/source": "third" },
      spec: {
        containers: [
          { name: "main", image: "main:1", env: main.env },
          { name: "other", image: "other:1", env: [{ name: "BY_LABEL", value: "label" }] },
          {
            name: "third",
            image: "third:1",
            env: [{
              name: "BY_ANNOTATION",
              valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "metadata.name" } },
            }],
          },
        ],
      },
    });
    assert.deepEqual(containerOf(pod, "agent")?.env, [
      { name: "SIZE", value: "own" },
      { name: "IS_INJECTED", value: "true" },
      { name: "COLOR", value: "red" },
      { name: "POD", value: "one" },
      { name: "BY_LABEL", value: "label" },
      {
        name: "BY_ANNOTATION",
        valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "metadata.name" } },
      },
    ]);
  });

  await t.step("resources are computed from the sum over the targets", async () => {
    const limits = { cpu: "1", memory: "512Mi" };
    const pod = await pods.create("sum", {
      labels: { app: "sum" },
      spec: {
        containers: [
          withResources("app-one", { limits, requests: { cpu: "250m", memory: "128Mi" } }),
          withResources("app-two", { limits }),
          { name: "other", image: "other:1" },
        ],
      },
    });
    assert.deepEqual(containerOf(pod, "agent")?.resources, {
      limits: { cpu: "1", memory: "256Mi" },
      requests: { cpu: "100m", memory: "32Mi" },
    });
  });

  await t.step("a limit that one target lacks is left out", async () => {
    const pod = await pods.create("max", {
      labels: { app: "max" },
      spec: {
        containers: [
          withResources("one", { limits: { cpu: "1", memory: "100Mi" } }),
          withResources("two", { limits: { memory: "50Mi" } }),
        ],
      },
    });
    assert.deepEqual(containerOf(pod, "agent")?.resources, {
      limits: { memory: "110Mi" },
      requests: { memory: "110Mi" },
    });
  });

  await t.step(
    "a container that another webhook adds later is taken into account too",
    async () => {
      await using late = await serveForeignWebhook(cluster.plane, {
        name: "zz-late",
        label: "late",
        mutate: (pod) =>
          containerOf(pod, "late") ? [] : [
            { op: "add", path: "/spec/volumes/-", value: { name: "late", emptyDir: {} } },
            {
              op: "add",
              path: "/spec/containers/-",
              value: {
                name: "late",
                image: "late:1",
                resources: { limits: { cpu: "2", memory: "1Gi" } },
                volumeMounts: [{ name: "late", mountPath: "/late" }],
              },
            },
          ],
      });
      const pod = await pods.create("late", {
        labels: { app: "mounts", late: "" },
        spec: { containers: [main], volumes: [data] },
      });
      assert.deepEqual(namesOf(pod.spec.containers), ["agent", "main", "late"]);
      assert.deepEqual(namesOf(pod.spec.initContainers), ["proxy"]);
      assert.deepEqual(mountPaths(pod, "agent"), ["/own", "/data", "/late"]);
      assert.deepEqual(mountPaths(pod, "proxy"), ["/data", "/late"]);
      assert.equal(namesOf(containerOf(pod, "agent")?.env).join(), "IS_INJECTED,POD");
      assert.ok(late.calls("late") > 0);

      const limits = { cpu: "1", memory: "512Mi" };
      const summed = await pods.create("late-sum", {
        labels: { app: "sum", late: "" },
        spec: { containers: [withResources("app-one", { limits })] },
      });
      assert.deepEqual(containerOf(summed, "agent")?.resources?.limits, {
        cpu: "1500m",
        memory: "384Mi",
      });
    },
  );

  await t.step("what an autoscaler sets stays, and what a webhook strips is put back", async () => {
    const requests = { cpu: "25m", memory: "60Mi" };
    const limits = { cpu: "50m", memory: "120Mi" };
    // One that strips at every call has the last word; explain names what it took.
    const seen = new Set<string | undefined>();
    await using changing = await serveForeignWebhook(cluster.plane, {
      name: "zz-changing",
      label: "changing",
      mutate: ({ metadata, spec: { initContainers = [], containers } }) => {
        if (seen.has(metadata.name)) return [];
        seen.add(metadata.name);
        return [
          ...initContainers.map((_, index) => ({
            op: "remove" as const,
            path: `/spec/initContainers/${index}/restartPolicy`,
          })),
          ...containers.map((_, index) => ({
            op: "add" as const,
            path: `/spec/containers/${index}/resources`,
            value: { limits, requests },
          })),
        ];
      },
    });
    const labels = { changing: "" };
    const spec = {
      containers: [withResources("app-one", { limits: { cpu: "1", memory: "1Gi" } })],
    };
    const scaled = await pods.create("scaled", { labels: { ...labels, app: "sum" }, spec });
    assert.deepEqual(containerOf(scaled, "agent")?.resources, { limits, requests });
    const stripped = await pods.create("stripped", {
      labels: { ...labels, app: "mounts" },
      spec: { containers: [main], volumes: [data] },
    });
    assert.equal(containerOf(stripped, "proxy")?.restartPolicy, "Always");
    assert.equal(changing.calls("stripped"), 2, "before the restoration and after it");
  });

  await t.step("images that another webhook rewrites stay rewritten", async () => {
    const mirror = "mirror.example/";
    await using rewriting = await serveForeignWebhook(cluster.plane, {
      name: "aa-mirror",
      label: "mirror",
      mutate: (pod) =>
        (["initContainers", "containers"] as const).flatMap((list) =>
          (pod.spec[list] ?? []).flatMap(({ image = "" }, index) =>
            image.startsWith(mirror) ? [] : [{
              op: "replace" as const,
              path: `/spec/${list}/${index}/image`,
              value: `${mirror}${image}`,
            }]
          )
        ),
    });
    const pod = await pods.create("mirrored", {
      labels: { app: "mounts", mirror: "" },
      spec: { containers: [main], volumes: [data] },
    });
    const images = [...pod.spec.initContainers ?? [], ...pod.spec.containers].map(({ image }) =>
      image
    );
    assert.deepEqual(images, ["proxy:1", "agent:1", "main:1"].map((image) => mirror + image));
    assert.equal(rewriting.calls("mirrored"), 2, "before the injection and after it");
  });
});
