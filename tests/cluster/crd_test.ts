import assert from "node:assert/strict";
import { parse } from "yaml";
import { isObject } from "../../lib/api/json.ts";
import { VERSIONS } from "../../lib/api/names.ts";
import type { KubeObject } from "../../lib/api/objects.ts";
import { create, get, patch } from "../../lib/kube/requests.ts";
import { resource, resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { type ControlPlane, startControlPlane } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { kubectl, kubectlOutput } from "../support/kubectl.ts";
import { causesOf } from "../support/refusals.ts";

type Specified = KubeObject & { spec?: unknown };

const CRD = "sidecarsets.apps.kruise.io";
const crds = resources.customResourceDefinitions;

const manifest = new URL("../../manifests/crd.yaml", import.meta.url).pathname;

function versioned(version: string) {
  return resource<Specified>({
    apiVersion: `apps.kruise.io/${version}`,
    kind: "SidecarSet",
    plural: "sidecarsets",
    namespaced: false,
  });
}

const agent = { name: "agent", image: "agent:1" };
const valid = { selector: { matchLabels: { app: "web" } }, containers: [agent] };

/** What is wrong, by the field that the API server is to name. */
const refused: readonly (readonly [field: string, spec: object])[] = [
  ["spec.selector", { containers: [agent] }],
  ["spec.selector", { ...valid, selector: {} }],
  ["spec.selector.matchExpressions[0].operator", {
    ...valid,
    selector: { matchExpressions: [{ key: "app", operator: "Is" }] },
  }],
  ["spec.namespaceSelector", { ...valid, namespaceSelector: {} }],
  ["spec", { selector: valid.selector }],
  ["spec.containers[0].name", { ...valid, containers: [{ image: "agent:1" }] }],
  ["spec.containers[1]", { ...valid, containers: [agent, agent] }],
  ["spec.containers[0].podInjectPolicy", {
    ...valid,
    containers: [{ ...agent, podInjectPolicy: "Unknown" }],
  }],
  ["spec.containers[0].completionPolicy", {
    ...valid,
    containers: [{ ...agent, completionPolicy: "Never" }],
  }],
  ["spec.containers[0].ports[0].containerPort", {
    ...valid,
    containers: [{ ...agent, ports: [{ containerPort: "http" }] }],
  }],
  ["spec.containers[0].upgradeStrategy", {
    ...valid,
    containers: [{ ...agent, upgradeStrategy: { upgradeType: "HotUpgrade" } }],
  }],
  ["spec.failurePolicy", { ...valid, failurePolicy: "Maybe" }],
  ["spec.conflictPolicy", { ...valid, conflictPolicy: "Rename" }],
  ["spec.missedPodPolicy", { ...valid, missedPodPolicy: "Delete" }],
  ["spec.revisionHistoryLimit", { ...valid, revisionHistoryLimit: -1 }],
  ["spec.customVersion", { ...valid, customVersion: "no spaces" }],
  ["spec.cleanupPolicy.type", { ...valid, cleanupPolicy: { type: "Kill" } }],
  ["spec.cleanupPolicy.idleImage", { ...valid, cleanupPolicy: { type: "Idle" } }],
  ["spec.injectionStrategy.revision.policy", {
    ...valid,
    injectionStrategy: { revision: { policy: "Sometimes" } },
  }],
  ["spec.injectionStrategy.mechanism", { ...valid, injectionStrategy: { mechanism: "Sidecar" } }],
  ["spec.updateStrategy.type", { ...valid, updateStrategy: { type: "OnDelete" } }],
  ["spec.updateStrategy.partition", {
    ...valid,
    updateStrategy: { partition: 1, selector: { matchLabels: { canary: "yes" } } },
  }],
  ["spec.updateStrategy.maxUnavailable", { ...valid, updateStrategy: { maxUnavailable: "many" } }],
  ["spec.updateStrategy.progressDeadlineSeconds", {
    ...valid,
    updateStrategy: { progressDeadlineSeconds: 0 },
  }],
  ["spec.updateStrategy.priorityStrategy", {
    ...valid,
    updateStrategy: {
      priorityStrategy: {
        orderPriority: [{ orderedKey: "order" }],
        weightPriority: [{ weight: 1, matchSelector: {} }],
      },
    },
  }],
  ["spec.updateStrategy.priorityStrategy.weightPriority[0].weight", {
    ...valid,
    updateStrategy: { priorityStrategy: { weightPriority: [{ weight: 101, matchSelector: {} }] } },
  }],
];

/**
 * Has what a schema might lose: fields of the future at any depth, quantities of every form, fields that have a
 * default in core/v1.
 */
const future = {
  selector: { matchLabels: { app: "web" } },
  initContainers: [{ ...agent, name: "init", futureField: { deep: [1, { deeper: "kept" }] } }],
  containers: [{
    ...agent,
    futureField: "kept",
    env: [{ name: "A", valueFrom: { futureKeyRef: { key: "a", nested: { b: [true] } } } }],
    livenessProbe: { grpc: { port: 80, futureField: 1 }, futureField: { a: { b: [] } } },
    resources: {
      limits: { cpu: 1, memory: "0.5Gi" },
      requests: { cpu: 0.5, memory: "128Mi" },
      futureClaims: [{ name: "gpu" }],
    },
    securityContext: { capabilities: { drop: ["ALL"], futureField: "kept" } },
    lifecycle: { stopSignal: "SIGQUIT", preStop: { futureHandler: { after: "1s" } } },
  }],
  volumes: [{ name: "data", futureSource: { nested: { list: [{ a: 1 }] } } }, {
    name: "scratch",
    emptyDir: { sizeLimit: 1000000, futureField: "kept" },
  }],
};

/**
 * The CustomResourceDefinition of an OpenKruise before 1.9, then of one after it; with an object written at each
 * time.
 */
async function installOpenKruise(plane: ControlPlane): Promise<void> {
  const file = new URL("testdata/openkruise_like_crd.yaml", import.meta.url);
  const later = crds.read(parse(await Deno.readTextFile(file)));
  const [alpha] = versionsOf(later);
  const earlier = {
    ...later,
    spec: {
      ...later.spec,
      versions: [{ ...alpha, storage: true }],
      conversion: { strategy: "None" },
    },
  };
  await send(plane.client, create(crds, { body: earlier }));
  const write = (version: string, name: string) =>
    eventually(
      () =>
        send(
          plane.client,
          create(versioned(version), { body: { metadata: { name }, spec: valid } }),
        ),
      { what: `${version} is served` },
    );
  await write("v1alpha1", "of-old");
  const body = { spec: later.spec };
  await send(plane.client, patch(crds, { name: CRD, type: "merge", body }));
  await write("v1beta1", "of-late");
}

function versionsOf({ spec }: { spec?: Record<string, unknown> }): Record<string, unknown>[] {
  return Array.isArray(spec?.versions) ? spec.versions.filter(isObject) : [];
}

Deno.test("the CustomResourceDefinition without a controller", async (t) => {
  await using plane = await startControlPlane({ kubelet: false });
  const { client } = plane;
  const read = async (version: string, name: string) =>
    (await send(client, get(versioned(version), { name }))).spec;

  await t.step(
    "a plain apply over OpenKruise's takes its conversion away and loses nothing",
    async () => {
      await installOpenKruise(plane);
      await assert.rejects(read("v1alpha1", "of-late"), /conversion webhook/);
      await kubectlOutput(["apply", "-f", manifest], plane);
      await kubectlOutput(["wait", "--for=condition=Established", `crd/${CRD}`], plane);
      for (const version of VERSIONS) {
        for (const name of ["of-old", "of-late"]) {
          await eventually(async () => (assert.deepEqual(await read(version, name), valid), true), {
            what: `${name} is read as ${version}`,
          });
        }
      }
      const { metadata } = await send(client, get(crds, { name: CRD }));
      await kubectlOutput(["apply", "-f", manifest], plane);
      const again = await send(client, get(crds, { name: CRD }));
      assert.equal(again.metadata.resourceVersion, metadata.resourceVersion);
    },
  );

  await t.step("both versions are served without conversion", async () => {
    const crd = await send(client, get(crds, { name: CRD }));
    assert.deepEqual(crd.spec?.conversion, { strategy: "None" });
    assert.deepEqual(crd.status?.storedVersions, ["v1alpha1", "v1beta1"]);
    assert.deepEqual(
      versionsOf(crd).map(({ name, served, storage }) => ({ name, served, storage })),
      [
        { name: "v1alpha1", served: true, storage: false },
        { name: "v1beta1", served: true, storage: true },
      ],
    );
  });

  await t.step("kubectl explains a field of a sidecar at any depth", async () => {
    const explain = (field: string) =>
      eventually(() => kubectlOutput(["explain", field], plane), { what: `${field} is explained` });
    const probe = await explain("sidecarset.spec.containers.livenessProbe");
    assert.match(probe, /GROUP:\s+apps\.kruise\.io\n[^]*VERSION:\s+v1beta1/);
    assert.match(probe, /Periodic probe of container liveness/);
    assert.match(probe, /httpGet\s+<Object>/);
    const alpha = "--api-version=apps.kruise.io/v1alpha1";
    const older = await kubectlOutput(
      ["explain", "sidecarset.spec.containers.livenessProbe", alpha],
      plane,
    );
    assert.match(older, /VERSION:\s+v1alpha1[^]*Periodic probe of container liveness/);
    const port = await explain("scs.spec.initContainers.livenessProbe.httpGet.port");
    assert.match(port, /Name or number of the port to access on the container/);
  });

  for (const version of VERSIONS) {
    await t.step(`${version}: what a schema can refuse is refused with its field`, async () => {
      for (const [field, spec] of refused) {
        const body = { metadata: { name: "refused" }, spec };
        const causes = await causesOf(send(client, create(versioned(version), { body })));
        const fields = causes.map((cause) => cause.field);
        assert.ok(fields.includes(field), `${field}: ${JSON.stringify(causes)}`);
      }
    });

    await t.step(
      `${version}: fields of the future and every form of quantity are kept`,
      async () => {
        const name = `future-${version}`;
        const input = JSON.stringify({
          apiVersion: `apps.kruise.io/${version}`,
          kind: "SidecarSet",
          metadata: { name },
          spec: future,
        });
        await kubectlOutput(["apply", "--validate=strict", "-f", "-"], { ...plane, input });
        for (const reading of VERSIONS) assert.deepEqual(await read(reading, name), future);
      },
    );

    await t.step(`${version}: upgradeType is immutable`, async () => {
      const name = `immutable-${version}`;
      const body = { metadata: { name }, spec: valid };
      const changed = (upgradeStrategy: object) =>
        send(
          client,
          patch(versioned(version), {
            name,
            type: "merge",
            body: { spec: { containers: [{ ...agent, upgradeStrategy }] } },
          }),
        );
      await send(client, create(versioned(version), { body }));
      await changed({ upgradeType: "ColdUpgrade" });
      const [cause] = await causesOf(
        changed({ upgradeType: "HotUpgrade", hotUpgradeEmptyImage: "empty:1" }),
      );
      assert.equal(cause?.field, "spec.containers[0].upgradeStrategy");
      assert.match(cause?.message ?? "", /upgradeType is immutable/);
    });
  }

  await t.step("kubectl reports a misspelt field instead of dropping it", async () => {
    const input = JSON.stringify({
      apiVersion: "apps.kruise.io/v1beta1",
      kind: "SidecarSet",
      metadata: { name: "misspelt" },
      spec: { ...valid, updateStrategie: { paused: true } },
    });
    const { code, stderr } = await kubectl(["apply", "-f", "-"], { ...plane, input });
    assert.equal(code, 1);
    assert.match(stderr, /unknown field "spec\.updateStrategie"/);
  });
});
