import assert from "node:assert/strict";
import type { ControllerRevision } from "../../lib/api/objects.ts";
import { isObject } from "../../lib/api/json.ts";
import {
  CANARY_ANNOTATION,
  CANARY_BASE_ANNOTATION,
  CUSTOM_VERSION_LABEL,
  HASH_ANNOTATION,
  HASH_WITHOUT_IMAGE_ANNOTATION,
  INJECTED_LIST_ANNOTATION,
  REVISION_OWNER_LABEL,
} from "../../lib/api/names.ts";
import type { SidecarSetSpec } from "../../lib/api/sidecarset.ts";
import { create, list } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { ClusterPods } from "../support/cluster_pods.ts";
import type { ControlPlane } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { containerOf, InjectionCluster, recordOf, selecting } from "../support/injection.ts";
import { kubectlOutput } from "../support/kubectl.ts";
import {
  conditionOf,
  getSidecarSet,
  patchSidecarSet,
  untilSidecarSet,
} from "../support/sidecarsets.ts";

const LEGACY_NAMESPACE = "kruise-system";
const main = { name: "main", image: "main:1" };

const agent = (image: string) => [{ name: "agent", image }];

/** A SidecarSet with its ControllerRevision, as OpenKruise wrote them. */
async function recorded() {
  const file = new URL("../compat/testdata/revision.json", import.meta.url);
  const cases: unknown = JSON.parse(await Deno.readTextFile(file));
  const [first] = Array.isArray(cases) ? cases : [];
  assert.ok(isObject(first) && isObject(first.sidecarSet) && isObject(first.result));
  const { sidecarSet, result } = first;
  assert.ok(isObject(sidecarSet.metadata) && isObject(sidecarSet.spec));
  assert.ok(typeof result.data === "string" && typeof result.name === "string");
  const { name, annotations, labels } = result;
  const data: ControllerRevision["data"] = JSON.parse(result.data);
  return { sidecarSet, metadata: { name, annotations, labels }, data };
}

/**
 * Has in the cluster what OpenKruise leaves of a SidecarSet: an older revision and the current one, and Pods with its
 * sidecar.
 */
async function leaveLegacy(plane: ControlPlane): Promise<void> {
  const { client } = plane;
  const { sidecarSet, metadata, data } = await recorded();
  const { metadata: { name, annotations }, spec } = Object(sidecarSet);
  const stored = await send(
    client,
    create(resources.sidecarSets, { body: Object({ metadata: { name, annotations }, spec }) }),
  );
  const owner = {
    apiVersion: "apps.kruise.io/v1beta1",
    kind: "SidecarSet",
    name,
    uid: stored.metadata.uid ?? "",
    controller: true,
    blockOwnerDeletion: true,
  };
  await send(
    client,
    create(resources.namespaces, { body: { metadata: { name: LEGACY_NAMESPACE } } }),
  );
  const rights = new URL("../../manifests/components/openkruise/rbac.yaml", import.meta.url);
  await kubectlOutput(["apply", "-f", rights.pathname], plane);
  const write = (revision: number, change: object, text: string) => {
    const body: ControllerRevision = Object({
      apiVersion: "apps/v1",
      kind: "ControllerRevision",
      metadata: { ...metadata, ownerReferences: [owner], ...change },
      data: JSON.parse(text),
      revision,
    });
    return send(
      client,
      create(resources.controllerRevisions, { namespace: LEGACY_NAMESPACE, body }),
    );
  };
  const text = JSON.stringify(data);
  const labels = { [REVISION_OWNER_LABEL]: name, [CUSTOM_VERSION_LABEL]: "stable" };
  await write(1, { name: `${name}-older`, labels }, text.replace("sidecar:1.0", "sidecar:0.9"));
  await write(2, {}, text);
  for (const form of ["object", "text"] as const) await createInjected(plane, form);
}

/** A Pod as OpenKruise has injected it, with its record in today's form or in the first releases'. */
async function createInjected({ client }: ControlPlane, form: "object" | "text"): Promise<void> {
  const { metadata } = await recorded();
  const { annotations: hashes } = Object(metadata);
  const recordOfHash = (key: string) => {
    const hash = hashes[key];
    const sidecarSetName = "rev-a";
    const sidecarList = ["agent"];
    const updateTimestamp = "2026-01-01T00:00:00Z";
    const record = { updateTimestamp, hash, sidecarSetName, sidecarList };
    return JSON.stringify({ [sidecarSetName]: form === "text" ? hash : record });
  };
  const annotations = {
    [HASH_ANNOTATION]: recordOfHash(HASH_ANNOTATION),
    [HASH_WITHOUT_IMAGE_ANNOTATION]: recordOfHash(HASH_WITHOUT_IMAGE_ANNOTATION),
    [INJECTED_LIST_ANNOTATION]: "rev-a",
  };
  const env = [{ name: "IS_INJECTED", value: "true" }];
  const sidecar = { name: "agent", image: "registry.test/sidecar:1.0", env };
  const spec = { containers: [sidecar, main] };
  await new ClusterPods(client).create(`old-${form}`, {
    labels: { app: "web" },
    annotations,
    spec,
  });
}

Deno.test("revisions of SidecarSets at the API server", async (t) => {
  await using cluster = await InjectionCluster.start({ before: leaveLegacy });
  const { plane } = cluster;
  const pods = new ClusterPods(plane.client);
  let serial = 0;
  const createPod = (app: string, labels = {}) =>
    pods.create(`${app}-${serial++}`, { labels: { app, ...labels }, spec: { containers: [main] } });
  const imageOf = async (app: string, labels = {}) =>
    containerOf(await createPod(app, labels), "agent")?.image;
  const revisionsOf = async (name: string) => {
    const labelSelector = `${REVISION_OWNER_LABEL}=${name}`;
    const page = { namespace: "sidecarset-system", labelSelector };
    const { items } = await send(plane.client, list(resources.controllerRevisions, page));
    return items.toSorted((a, b) => a.revision - b.revision);
  };
  const set = async (name: string, spec: object) => {
    await patchSidecarSet(plane, name, spec);
    await untilSidecarSet(plane, name, {
      what: "has been observed",
      is: ({ status, metadata }) => status?.observedGeneration === metadata.generation,
    });
  };
  const numbers = async (name: string) => (await revisionsOf(name)).map(({ revision }) => revision);
  const pin = (name: string, revision: object, more = {}) =>
    set(name, { injectionStrategy: { revision }, ...more });

  const notUpdate = { type: "NotUpdate" } satisfies SidecarSetSpec["updateStrategy"];
  await cluster.createReady({
    history: {
      ...selecting("history"),
      customVersion: "one",
      updateStrategy: notUpdate,
      containers: agent("agent:1"),
    },
    short: { ...selecting("short"), revisionHistoryLimit: 2, containers: agent("agent:1") },
    base: { ...selecting("base"), containers: agent("agent:1") },
    paused: { ...selecting("paused"), containers: agent("agent:1") },
  });

  await t.step(
    "Pods that OpenKruise has injected are up to date, in both forms of their records",
    async () => {
      const { status } = await untilSidecarSet(plane, "rev-a", {
        what: "knows the Pods",
        is: ({ status }) => status?.matchedPods === 2,
      });
      assert.equal(status?.updatedPods, 2);
      assert.equal(status?.notUpgradablePods, 0);
    },
  );

  await t.step("are taken over from OpenKruise", async () => {
    await cluster.untilReady("rev-a");
    const { metadata, data } = await recorded();
    const [older, current] = await revisionsOf("rev-a");
    assert.equal(older?.metadata.name, "rev-a-older");
    assert.equal(current?.metadata.name, metadata.name);
    assert.deepEqual(current?.data, data);
    assert.equal((await getSidecarSet(plane, "rev-a")).status?.latestRevision, metadata.name);
    assert.equal(recordOf(await createPod("web"), "rev-a")?.controllerRevision, metadata.name);
    await pin("rev-a", { customVersion: "stable" });
    const pod = await createPod("web");
    assert.equal(containerOf(pod, "agent")?.image, "registry.test/sidecar:0.9");
    assert.equal(recordOf(pod, "rev-a")?.controllerRevision, "rev-a-older");
  });

  await t.step("are created, owned and named in the status", async () => {
    const [only, ...others] = await revisionsOf("history");
    const { metadata, status } = await getSidecarSet(plane, "history");
    assert.deepEqual(others, []);
    assert.equal(only?.metadata.name, status?.latestRevision);
    assert.match(only?.metadata.name ?? "", /^history-[a-z0-9]+$/);
    assert.equal(only?.metadata.labels?.[CUSTOM_VERSION_LABEL], "one");
    assert.deepEqual(
      only?.metadata.ownerReferences?.map(({ kind, uid, controller }) => ({
        kind,
        uid,
        controller,
      })),
      [{ kind: "SidecarSet", uid: metadata.uid, controller: true }],
    );
    assert.deepEqual(Object.keys(Object(only?.data).spec).toSorted(), [
      "$patch",
      "containers",
      "imagePullSecrets",
      "initContainers",
      "patchPodMetadata",
      "volumes",
    ]);
  });

  await t.step("follow the spec, and an older one becomes the newest again", async () => {
    await set("history", { customVersion: "two", containers: agent("agent:2") });
    assert.deepEqual(await numbers("history"), [1, 2]);
    assert.equal(await imageOf("history"), "agent:2");
    await set("history", { customVersion: "one", containers: agent("agent:1") });
    assert.deepEqual(await numbers("history"), [2, 3]);
    const { status } = await getSidecarSet(plane, "history");
    assert.equal((await revisionsOf("history")).at(-1)?.metadata.name, status?.latestRevision);
    await set("history", { customVersion: "three", containers: agent("agent:3") });
  });

  await t.step("can be pinned by custom version and by name", async () => {
    await pin("history", { customVersion: "two" });
    assert.equal(await imageOf("history"), "agent:2");
    const one = (await revisionsOf("history"))
      .find(({ metadata }) => metadata.labels?.[CUSTOM_VERSION_LABEL] === "one");
    await pin("history", { revisionName: one?.metadata.name, customVersion: null });
    const pod = await createPod("history");
    assert.equal(containerOf(pod, "agent")?.image, "agent:1");
    assert.equal(recordOf(pod, "history")?.controllerRevision, one?.metadata.name);
  });

  await t.step("stay on the partition's share of the Pods with policy Partial", async () => {
    for (const pod of await pods.list("app=history")) await pods.remove(pod.metadata.name ?? "");
    const revision = { customVersion: "two", revisionName: null, policy: "Partial" };
    await pin("history", revision, { updateStrategy: { partition: "50%" } });
    const images: (string | undefined)[] = [];
    for (let count = 1; count <= 4; count++) {
      await untilSidecarSet(plane, "history", {
        what: `knows ${count - 1} Pods`,
        is: ({ status }) => status?.matchedPods === count - 1,
      });
      images.push(await imageOf("history"));
    }
    assert.deepEqual(images, ["agent:2", "agent:3", "agent:2", "agent:3"]);
    await set("history", { updateStrategy: { paused: true, partition: 0 } });
    assert.equal(await imageOf("history"), "agent:2", "whatever the share while paused");
  });

  await t.step("are kept up to the limit", async () => {
    for (const image of ["agent:2", "agent:3", "agent:4"]) {
      await set("short", { containers: agent(image) });
    }
    await eventually(async () => JSON.stringify(await numbers("short")) === "[3,4]", {
      what: "two revisions are left",
    });
  });

  await t.step(
    "of a canary are injected into the Pods that it selects, instead of its base",
    async () => {
      const spec = {
        selector: { matchLabels: { app: "base", track: "canary" } },
        updateStrategy: notUpdate,
        containers: agent("agent:canary"),
      };
      const annotations = { [CANARY_ANNOTATION]: "true", [CANARY_BASE_ANNOTATION]: "base" };
      await cluster.createSidecarSet("canary", spec, { annotations });
      await cluster.untilReady("canary");
      const pod = await createPod("base", { track: "canary" });
      assert.equal(containerOf(pod, "agent")?.image, "agent:canary");
      assert.deepEqual(pod.spec.containers.length, 2);
      assert.equal(pod.metadata.annotations?.["kruise.io/sidecarset-injected-list"], "canary");
      assert.equal(await imageOf("base"), "agent:1");
      await set("base", { containers: agent("agent:2") });
      assert.equal(await imageOf("base"), "agent:2");
    },
  );

  await t.step("are not injected while injection is paused", async () => {
    await set("paused", { injectionStrategy: { paused: true } });
    await untilSidecarSet(plane, "paused", {
      what: "says that it is paused",
      is: (found) => conditionOf(found, "Ready")?.reason === "InjectionPaused",
    });
    assert.equal(await imageOf("paused"), undefined);
    await set("paused", { injectionStrategy: { paused: false } });
    await cluster.untilReady("paused");
    assert.equal(await imageOf("paused"), "agent:1");
  });
});
