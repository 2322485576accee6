import assert from "node:assert/strict";
import type { Pod, PodSpec } from "../../lib/api/pod.ts";
import { POD_PATCHES_ANNOTATION } from "../../lib/core/annotations/pod_patches.ts";
import { ApiError } from "../../lib/kube/errors.ts";
import { ClusterPods } from "../support/cluster_pods.ts";
import { InjectionCluster, selecting } from "../support/injection.ts";
import { patchSidecarSet, untilSidecarSet } from "../support/sidecarsets.ts";

const agent = (name: string) => ({ name, image: "agent:1" });
const main = { name: "main", image: "main:1" };
const OPTIONS = "JAVA_TOOL_OPTIONS";
const MOUNT = { name: "agent", mountPath: "/agent", readOnly: true };

function namesIn({ spec }: Pod): string[] {
  return [...spec.initContainers ?? [], ...spec.containers].map(({ name }) => name);
}

function containerOf({ spec }: Pod, name: string) {
  return [...spec.initContainers ?? [], ...spec.containers].find((each) => each.name === name);
}

Deno.test("labels and own containers that SidecarSets patch through the API server", async (t) => {
  // Only a registration that outlives the process refuses Pods.
  await using cluster = await InjectionCluster.start({ args: ["--keep-registration"] });
  const { plane } = cluster;
  const pods = new ClusterPods(plane.client);
  await cluster.createReady({
    labelling: {
      ...selecting("patched"),
      containers: [agent("labelling")],
      patchPodMetadata: [{ labels: { mesh: "on" } }],
    },
    // A separate webhook entry, which is called before or after the other one.
    mesh: {
      selector: { matchLabels: { mesh: "on" } },
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "default" } },
      containers: [agent("mesh")],
    },
    java: {
      ...selecting("java"),
      initContainers: [{ ...agent("java"), volumeMounts: [{ ...MOUNT, readOnly: false }] }],
      volumes: [{ name: "agent", emptyDir: {} }],
      patchContainers: [
        {
          env: [
            { name: OPTIONS, value: "-javaagent:/agent/a.jar", patchPolicy: "Append" },
            { name: "POD", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
          ],
          volumeMounts: [MOUNT],
        },
        { names: ["setup"], envFrom: [{ configMapRef: { name: "agent", optional: true } }] },
      ],
    },
  });
  const createPod = (name: string, app: string, spec: Partial<PodSpec> = {}) =>
    pods.create(name, { labels: { app }, spec: { containers: [main], ...spec } });

  await t.step(
    "a label and the SidecarSet that it selects come in one review, and no Pod is missed",
    async () => {
      const pod = await createPod("labelled", "patched");
      assert.deepEqual(pod.metadata.labels, { app: "patched", mesh: "on" });
      assert.deepEqual(namesIn(pod).sort(), ["labelling", "main", "mesh"]);
      const { status } = await untilSidecarSet(plane, "mesh", {
        what: "has the Pod",
        is: ({ status }) => status?.matchedPods === 1,
      });
      assert.deepEqual([status?.uninjectedPods ?? 0, status?.missedPods ?? 0], [0, 0]);
    },
  );

  await t.step(
    "own containers get variables and mounts, and init containers only by name",
    async () => {
      const pod = await createPod("java", "java", {
        initContainers: [{ name: "setup", image: "s:1" }, { name: "other", image: "o:1" }],
        containers: [{ ...main, env: [{ name: OPTIONS, value: "-Xmx1g" }] }, {
          name: "second",
          image: "second:1",
        }],
      });
      const [setup, other, first, second] = ["setup", "other", "main", "second"].map((name) =>
        containerOf(pod, name)
      );
      assert.equal(first?.env?.[0]?.value, "-Xmx1g -javaagent:/agent/a.jar");
      assert.equal(second?.env?.[0]?.value, "-javaagent:/agent/a.jar");
      for (const container of [first, second]) {
        assert.equal(container?.env?.[1]?.valueFrom?.fieldRef?.fieldPath, "metadata.name");
        assert.ok(container?.volumeMounts?.some(({ mountPath }) => mountPath === "/agent"));
      }
      assert.deepEqual(setup?.envFrom, [{ configMapRef: { name: "agent", optional: true } }]);
      assert.equal(other?.env, undefined);
      assert.equal(pod.spec.volumes?.filter(({ name }) => name === "agent").length, 1);
      assert.ok(pod.metadata.annotations?.[POD_PATCHES_ANNOTATION]?.includes('"hash"'));
    },
  );

  const taken = {
    containers: [{ ...main, volumeMounts: [{ name: "own", mountPath: "/agent" }] }],
    volumes: [{ name: "own", emptyDir: {} }],
  };

  await t.step(
    "a clash leaves out the SidecarSet",
    async () => {
      assert.deepEqual(namesIn(await createPod("clashing", "java", taken)), ["main"]);
    },
  );

  await t.step(
    "with failurePolicy Fail a conflict refuses the Pod, and the message names it",
    async () => {
      const unlike = { matchLabels: { tier: "front" } };
      const refusing = (app: string) => ({ ...selecting(app), failurePolicy: "Fail" as const });
      await cluster.createReady({
        "of-front": { selector: unlike, containers: [agent("of-front")] },
        "to-back": {
          ...refusing("back"),
          containers: [agent("to-back")],
          patchPodMetadata: [{ labels: { tier: "back" }, patchPolicy: "Overwrite" }],
        },
        "appends": {
          ...refusing("sourced"),
          containers: [agent("appends")],
          patchContainers: [{ env: [{ name: OPTIONS, value: "-x", patchPolicy: "Append" }] }],
        },
      });
      await assert.rejects(
        pods.create("conflicting-label", {
          labels: { app: "back", tier: "front" },
          spec: { containers: [main] },
        }),
        /denied the request: .*to-back.*\(LabelConflict\).* from SidecarSet of-front/s,
      );
      const valueFrom = { fieldRef: { fieldPath: "metadata.name" } };
      await assert.rejects(
        createPod("conflicting-env", "sourced", {
          containers: [{ ...main, env: [{ name: OPTIONS, valueFrom }] }],
        }),
        new RegExp(`denied the request: .*appends.*\\(EnvConflict\\).*${OPTIONS}`, "s"),
      );
      assert.deepEqual(
        namesIn(
          await createPod("taken-env", "sourced", {
            containers: [{ ...main, env: [{ name: OPTIONS, value: "-Xmx1g" }] }],
          }),
        ).sort(),
        ["appends", "main"],
      );
    },
  );

  await t.step(
    "other patches make a Pod outdated and not upgradable, and new Pods get them",
    async () => {
      await untilSidecarSet(plane, "java", {
        what: "counts the Pod as updated",
        is: ({ status }) => status?.updatedPods === 1,
      });
      await patchSidecarSet(plane, "java", {
        patchContainers: [{ env: [{ name: "ADDED", value: "1" }] }],
      });
      await untilSidecarSet(plane, "java", {
        what: "counts the Pod as not upgradable",
        is: ({ status }) => status?.updatedPods === 0 && status.notUpgradablePods === 1,
      });
      const pod = await createPod("java-new", "java");
      assert.deepEqual(containerOf(pod, "main")?.env, [{ name: "ADDED", value: "1" }]);
    },
  );

  await t.step("the API server and the webhook refuse what cannot be, with the field", async () => {
    const refusal = async (spec: object) => {
      try {
        await cluster.createSidecarSet("invalid", {
          ...selecting("invalid"),
          containers: [agent("invalid")],
          ...spec,
        });
        return "";
      } catch (error) {
        assert.ok(error instanceof ApiError);
        return error.message;
      }
    };
    assert.match(
      await refusal({ patchPodMetadata: [{ labels: { app: "x" } }] }),
      /spec\.patchPodMetadata\[0\]\.labels\[app\]/,
    );
    assert.match(
      await refusal({ patchPodMetadata: [{ labels: { tier: "no value" } }] }),
      /spec\.patchPodMetadata\[0\]\.labels\[tier\]/,
    );
    assert.match(
      await refusal({ patchContainers: [{ names: ["a"], nameRegex: "a", env: [] }] }),
      /spec\.patchContainers\[0\]\.nameRegex/,
    );
    assert.match(
      await refusal({ patchContainers: [{ volumeMounts: [{ name: "x", mountPath: "/x" }] }] }),
      /spec\.patchContainers\[0\]\.volumeMounts\[0\]\.name/,
    );
  });
});
