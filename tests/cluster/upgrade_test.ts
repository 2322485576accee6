import assert from "node:assert/strict";
import { isObject } from "../../lib/api/json.ts";
import { installationObjects } from "../../lib/cli/manifests/installation.ts";
import { create, get, patch } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { ClusterPods } from "../support/cluster_pods.ts";
import { type ControlPlane, startControlPlane } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { install } from "../support/installation.ts";
import { kubectlOutput } from "../support/kubectl.ts";
import { createPods } from "../support/pod_load.ts";
import { ownRefusals } from "../support/refusals.ts";
import { Replicas } from "../support/replicas.ts";
import {
  conditionOf,
  createSidecarSet,
  getSidecarSet,
  patchSidecarSet,
  untilSidecarSet,
} from "../support/sidecarsets.ts";

type Fields = Record<string, unknown>;

/** Applies the CustomResourceDefinition with what a change makes of the fields of spec and status. */
async function applyDefinition(
  plane: ControlPlane,
  change: (fields: { spec: Fields; status: Fields }) => void = () => {},
): Promise<void> {
  const definition = installationObjects().find(({ kind }) => kind === "CustomResourceDefinition");
  const spec = isObject(definition?.spec) ? definition.spec : {};
  for (const { schema } of Array.isArray(spec.versions) ? spec.versions : []) {
    const { spec, status } = schema.openAPIV3Schema.properties;
    change({ spec: spec.properties, status: status.properties });
  }
  const input = JSON.stringify(definition);
  await kubectlOutput(["apply", "-f", "-"], { kubeconfig: plane.kubeconfig, input });
}

/** What a release of some time ago may not have had. */
const YOUNG_FIELDS = {
  spec: ["failurePolicy", "conflictPolicy", "missedPodPolicy", "cleanupPolicy"],
  status: ["uninjectedPods", "missedPods", "notUpgradablePods", "effectiveSince", "evictions"],
};

const web = { labels: { app: "web" }, spec: { containers: [{ name: "main", image: "main:1" }] } };
const agent = {
  selector: { matchLabels: web.labels },
  containers: [{ name: "agent", image: "agent:1" }],
};
const untilSeen = (plane: ControlPlane, name: string) =>
  untilSidecarSet(plane, name, {
    what: "is seen",
    is: ({ metadata, status }) => status?.observedGeneration === metadata.generation,
  });

Deno.test("a program under the CustomResourceDefinition of an older one", async (t) => {
  await using plane = await startControlPlane({ kubelet: false, audit: true });
  await install(plane);
  await applyDefinition(plane, ({ spec, status }) => {
    for (const field of YOUNG_FIELDS.spec) delete spec[field];
    for (const field of YOUNG_FIELDS.status) delete status[field];
  });
  await using replicas = new Replicas(plane);
  const replica = await replicas.start();

  await t.step("injects, counts, and does not write again and again what is not kept", async () => {
    await createSidecarSet(plane, "agent", agent);
    const pod = await new ClusterPods(plane.client).create("web", web);
    assert.deepEqual(pod.spec.containers.map(({ name }) => name), ["agent", "main"]);
    const { status } = await untilSidecarSet(plane, "agent", {
      what: "counts the Pod",
      is: ({ status }) => status?.matchedPods === 1,
    });
    assert.equal(status?.effectiveSince, undefined);
    const writes = async () =>
      (await plane.controllerRequests()).filter(({ verb, resource, name }) =>
        verb === "patch" && resource === "sidecarsets/status" && name === "agent"
      ).length;
    const before = await writes();
    // Statuses are written at most once a second, and a later SidecarSet is Ready after some seconds.
    await createSidecarSet(plane, "later", { ...agent, selector: { matchLabels: { app: "x" } } });
    const repeated = await writes() - before;
    assert.ok(repeated <= 1, `${repeated} writes`);
    assert.match(replica.log(), /CustomResourceDefinition is older than this program/);
    await eventually(() => /"kept":\["net","read"\]/.test(replica.log()), {
      what: "it has dropped permissions that it no longer needs",
    });
  });

  await t.step("keeps everything once the CustomResourceDefinition is replaced", async () => {
    await applyDefinition(plane);
    await eventually(async () => {
      await patchSidecarSet(plane, "agent", { failurePolicy: "Fail" });
      return (await getSidecarSet(plane, "agent")).spec.failurePolicy === "Fail";
    }, { what: "the API server keeps the field" });
    const { status } = await untilSidecarSet(plane, "agent", {
      what: "has all its fields",
      is: ({ status }) => status?.effectiveSince !== undefined,
    });
    assert.equal(status?.uninjectedPods, 0);
  });
});

Deno.test("two program versions share a cluster", async (t) => {
  await using plane = await startControlPlane({ kubelet: false });
  await install(plane);
  await applyDefinition(plane, ({ spec, status }) => {
    for (const fields of [spec, status]) fields.fromTheFuture = { type: "string" };
    const strategy = spec.updateStrategy;
    const { properties } = isObject(strategy) ? strategy : {};
    const { type } = isObject(properties) ? properties : {};
    if (isObject(type)) type.enum = ["RollingUpdate", "NotUpdate", "FromTheFuture"];
  });
  const { client } = plane;
  const request = (name: string, spec: object, dryRun = false) =>
    create(resources.sidecarSets, { body: { metadata: { name }, ...{ spec } }, dryRun });
  const young = { ...agent, fromTheFuture: "kept" };
  // While the API server takes over another definition, it answers with 503, or drops what the old one does not have.
  await eventually(async () => {
    const answer = await send(client, request("probe", young, true));
    return JSON.stringify(answer).includes("fromTheFuture");
  }, { what: "the API server has taken over the definition" });
  const store = (name: string, spec: object) => send(client, request(name, spec));
  // A newer program's webhook lets them pass.
  await store("agent", young);
  await store("unknown", {
    ...agent,
    containers: [{ name: "unknown", image: "unknown:1" }],
    updateStrategy: { type: "FromTheFuture" },
  });
  const foreign = {
    fromTheFuture: "kept",
    conditions: [{
      ...{ type: "FromTheFuture", status: "True", reason: "Kept", message: "" },
      lastTransitionTime: "2026-01-01T00:00:00Z",
    }],
  };
  await send(
    client,
    patch(resources.sidecarSets, {
      name: "agent",
      subresource: "status",
      type: "merge",
      body: { status: foreign },
    }),
  );
  await using replicas = new Replicas(plane);
  await replicas.start();

  await t.step("leaves fields and conditions alone that it does not know", async () => {
    await untilSeen(plane, "agent");
    const found = await send(client, get(resources.sidecarSets, { name: "agent" }));
    const { spec, status } = JSON.parse(JSON.stringify(found));
    assert.equal(spec.fromTheFuture, "kept");
    assert.equal(status.fromTheFuture, "kept");
    const types = status.conditions.map(({ type }: { type: string }) => type);
    assert.ok(types.includes("FromTheFuture") && types.includes("Ready"), types.join());
  });

  await t.step("injects what it understands, and says what it does not", async () => {
    const ready = await eventually(async () => {
      const found = await send(client, get(resources.sidecarSets, { name: "unknown" }));
      const { status } = JSON.parse(JSON.stringify(found));
      return status?.conditions?.find(({ type }: { type: string }) => type === "Ready");
    }, { what: "it has a condition" });
    assert.equal(ready.reason, "InvalidSidecarSet");
    assert.match(ready.message, /updateStrategy\.type: must be one of/);
    const pod = await new ClusterPods(client).create("web", web);
    assert.deepEqual(pod.spec.containers.map(({ name }) => name), ["agent", "main"]);
  });
});

Deno.test("old and new replicas side by side, whose registrations differ", async (t) => {
  await using plane = await startControlPlane({ kubelet: false });
  await install(plane);
  await using replicas = new Replicas(plane);
  for (let i = 0; i < 2; i++) await replicas.start();
  await createSidecarSet(plane, "agent", { ...agent, failurePolicy: "Fail" });
  const registered = async () =>
    JSON.stringify(
      await send(
        plane.client,
        get(resources.mutatingWebhookConfigurations, { name: "sidecarset" }),
      ),
    );
  assert.ok(!(await registered()).includes("set-aside"));

  await t.step("are replaced one after another without a refused Pod", async () => {
    const end = new AbortController();
    const load = createPods(plane, {
      labels: web.labels,
      sidecar: "agent",
      inFlight: 4,
      name: "upgrade",
      signal: end.signal,
    });
    for (const old of [...replicas.all]) {
      await replicas.start({ args: ["--exclude-namespaces", "kube-system,set-aside"] });
      await old.stop("SIGTERM");
      replicas.forget(old);
    }
    await eventually(async () => (await registered()).includes("set-aside"), {
      what: "the new ones have registered the webhook in their way",
    });
    end.abort();
    const { created, uninjected, refusals } = await load;
    console.log(`${created} Pods while old replicas were replaced by new ones`);
    const own = await ownRefusals(refusals);
    assert.deepEqual({ uninjected, own }, { uninjected: 0, own: [] });
    assert.ok(created > 0);
    await untilSidecarSet(plane, "agent", {
      what: "is ready",
      is: (found) => conditionOf(found, "Ready")?.status === "True",
    });
  });
});
