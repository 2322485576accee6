import assert from "node:assert/strict";
import { ALLOW_LIST_CONFIG_MAP, ALLOW_LIST_KEY } from "../../lib/api/names.ts";
import { reasonOf } from "../../lib/kube/errors.ts";
import { create, remove, update } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { ClusterPods } from "../support/cluster_pods.ts";
import { eventually } from "../support/eventually.ts";
import { InjectionCluster, selecting } from "../support/injection.ts";

const agent = { name: "agent", image: "agent:1" };
const spec = { containers: [{ name: "main", image: "main:1" }] };
const NAMESPACE = "sidecarset-system";

Deno.test("annotations that Pods get through the API server", async (t) => {
  await using cluster = await InjectionCluster.start();
  const { client } = cluster.plane;
  const pods = new ClusterPods(client);
  await cluster.createReady({
    patching: {
      ...selecting("patching"),
      containers: [agent],
      patchPodMetadata: [
        { annotations: { "example.com/retained": "ours" } },
        { annotations: { "example.com/overwritten": "ours" }, patchPolicy: "Overwrite" },
        {
          annotations: { "example.com/merged": '{"b":{"x":1},"gone":null}' },
          patchPolicy: "MergePatchJson",
        },
      ],
    },
  });
  const annotationsOf = async (name: string, annotations: Record<string, string>) => {
    const pod = await pods.create(name, { labels: { app: "patching" }, annotations, spec });
    return Object.fromEntries(
      Object.entries(pod.metadata.annotations ?? {}).filter(([key]) => key.startsWith("example")),
    );
  };

  await t.step("are added where the Pod has none", async () => {
    assert.deepEqual(await annotationsOf("bare", {}), {
      "example.com/retained": "ours",
      "example.com/overwritten": "ours",
      "example.com/merged": '{"b":{"x":1},"gone":null}',
    });
  });

  await t.step("are kept, overwritten or merged where it has some", async () => {
    const present = {
      "example.com/retained": "theirs",
      "example.com/overwritten": "theirs",
      "example.com/merged": '{"gone":1, "a":2, "b":{"y":3}}',
    };
    assert.deepEqual(await annotationsOf("annotated", present), {
      "example.com/retained": "theirs",
      "example.com/overwritten": "ours",
      "example.com/merged": '{"a":2,"b":{"x":1,"y":3}}',
    });
  });

  await t.step("keep the whole SidecarSet out where they cannot be merged", async () => {
    const present = { "example.com/merged": "no JSON" };
    assert.deepEqual(await annotationsOf("unmergeable", present), present);
    const pod = await pods.get("unmergeable");
    assert.deepEqual(pod.spec.containers.map(({ name }) => name), ["main"]);
  });

  /** Whether a SidecarSet that sets this annotation is allowed. */
  const isAllowed = async (key: string, labels: Record<string, string> = {}) => {
    const body = {
      metadata: { name: "annotating", labels },
      spec: {
        ...selecting("annotating"),
        containers: [agent],
        patchPodMetadata: [{ annotations: { [key]: "x" } }],
      },
    };
    try {
      await send(client, create(resources.sidecarSets, { body, dryRun: true }));
      return true;
    } catch (error) {
      assert.equal(reasonOf(error), "Invalid");
      return false;
    }
  };

  await t.step("may have any prefix but reserved ones", async () => {
    for (
      const [key, allowed] of [
        ["example.com/any", true],
        ["plain", true],
        ["notkubernetes.io/any", true],
        ["kubernetes.io/any", false],
        ["apps.kruise.io/any", false],
        ["sub.k8s.io/any", false],
      ] as const
    ) {
      assert.equal(await isAllowed(key), allowed, key);
    }
  });

  await t.step("may have the reserved prefixes that an allow-list names", async () => {
    const configMap = (rules: unknown) => ({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: ALLOW_LIST_CONFIG_MAP, namespace: NAMESPACE },
      data: { [ALLOW_LIST_KEY]: typeof rules === "string" ? rules : JSON.stringify({ rules }) },
    });
    const becomes = (key: string, allowed: boolean) =>
      eventually(async () => await isAllowed(key) === allowed, {
        what: `${key} is ${allowed ? "" : "not "}allowed`,
      });
    const body = configMap([
      { allowedAnnotationKeyExprs: ["^sub\\.k8s\\.io/any$"] },
      {
        selector: { matchLabels: { team: "mesh" } },
        allowedAnnotationKeyExprs: ["^mesh\\.k8s\\.io/"],
      },
    ]);
    await send(client, create(resources.configMaps, { namespace: NAMESPACE, body }));
    await becomes("sub.k8s.io/any", true);
    assert.equal(await isAllowed("sub.k8s.io/other"), false);
    assert.equal(await isAllowed("mesh.k8s.io/any"), false);
    assert.equal(await isAllowed("mesh.k8s.io/any", { team: "mesh" }), true);
    assert.equal(await isAllowed("example.com/any"), true, "the list only adds");

    const ref = { namespace: NAMESPACE, name: ALLOW_LIST_CONFIG_MAP };
    await send(client, update(resources.configMaps, { ...ref, body: configMap("no JSON") }));
    await becomes("sub.k8s.io/any", false);
    assert.equal(await isAllowed("example.com/any"), true);
    await send(client, update(resources.configMaps, { ...ref, body }));
    await becomes("sub.k8s.io/any", true);
    await send(client, remove(resources.configMaps, ref));
    await becomes("sub.k8s.io/any", false);
  });
});
