import assert from "node:assert/strict";
import { fromConfigMap } from "../../lib/api/cleanup_record.ts";
import type { Pod } from "../../lib/api/pod.ts";
import type { SidecarSetSpec } from "../../lib/api/sidecarset.ts";
import type { CleanupPolicy } from "../../lib/api/strategies.ts";
import { create, patch } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { cleanupRecords } from "../support/cleanup_records.ts";
import { ClusterPods, isReady } from "../support/cluster_pods.ts";
import { type ControlPlane, startControlPlane } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { installAndStart } from "../support/installation.ts";
import {
  createSidecarSet,
  deleteSidecarSet,
  patchSidecarSet,
  untilSidecarSet,
} from "../support/sidecarsets.ts";
import { createDeployment, createStatefulSet } from "../support/workloads.ts";

const LIST = "kruise.io/sidecarset-injected-list";
const REPLICAS = 2;
const agent = { name: "agent", image: "agent:1" };
const extra = { name: "extra", image: "extra:1" };

/** A namespace with a SidecarSet and a workload of its Pods, all with the same name. */
interface Scene {
  readonly name: string;
  readonly plane: ControlPlane;
  readonly pods: ClusterPods;
}

/** A change after which sidecars are no longer needed, and its reversal. */
interface Cause {
  readonly what: string;
  /** Of the two containers, those that are needed no longer. */
  readonly surplus: readonly string[];
  /** Whether a recreated Pod gets the sidecars again, because the change is to the Pod alone. */
  readonly returnsOnRecreation?: boolean;
  begin(scene: Scene): Promise<unknown>;
  end(scene: Scene): Promise<unknown>;
}

const relabelPods = async ({ pods }: Scene, labels: Record<string, string | null>) => {
  for (const { metadata: { name = "" } } of await pods.list()) {
    await pods.patch(name, { metadata: { labels } });
  }
};
const relabelNamespace = ({ plane, name }: Scene, sidecars: string) => {
  const body = { metadata: { labels: { sidecars } } };
  return send(plane.client, patch(resources.namespaces, { name, type: "merge", body }));
};
const change = ({ plane, name }: Scene, spec: SidecarSetSpec) => patchSidecarSet(plane, name, spec);

const CAUSES: readonly Cause[] = [
  {
    what: "pod",
    surplus: ["agent", "extra"],
    returnsOnRecreation: true,
    begin: (scene) => relabelPods(scene, { sidecar: null }),
    end: (scene) => relabelPods(scene, { sidecar: scene.name }),
  },
  {
    what: "namespace",
    surplus: ["agent", "extra"],
    begin: (scene) => relabelNamespace(scene, "off"),
    end: (scene) => relabelNamespace(scene, "on"),
  },
  {
    what: "selector",
    surplus: ["agent", "extra"],
    begin: (scene) =>
      change(scene, { selector: { matchLabels: { sidecar: `not-${scene.name}` } } }),
    end: (scene) => change(scene, { selector: { matchLabels: { sidecar: scene.name } } }),
  },
  {
    what: "container",
    surplus: ["extra"],
    begin: (scene) => change(scene, { containers: [agent] }),
    end: (scene) => change(scene, { containers: [agent, extra] }),
  },
];

async function given(plane: ControlPlane, name: string, policy: CleanupPolicy): Promise<Scene> {
  const metadata = { name, labels: { sidecars: "on" } };
  await send(plane.client, create(resources.namespaces, { body: { metadata } }));
  await createSidecarSet(plane, name, {
    selector: { matchLabels: { sidecar: name } },
    namespaceSelector: { matchLabels: { sidecars: "on" } },
    containers: [agent, extra],
    cleanupPolicy: policy,
    updateStrategy: { maxUnavailable: "50%" },
  });
  const options = { replicas: REPLICAS, namespace: name, labels: { sidecar: name } };
  if (name.endsWith("pod") || name.endsWith("selector")) {
    await createStatefulSet(plane, name, options);
  } else await createDeployment(plane, name, options);
  await untilSidecarSet(plane, name, {
    what: "has matched its Pods",
    is: ({ status }) => status?.matchedPods === REPLICAS,
  });
  return { name, plane, pods: new ClusterPods(plane.client, name) };
}

function untilAll(
  { pods, name }: Scene,
  { what, are }: { what: string; are: (pod: Pod) => boolean },
): Promise<Pod[]> {
  return eventually(async () => {
    const found = await pods.list();
    const left = found.find((pod) => !are(pod) || !isReady(pod));
    if (found.length === REPLICAS && left === undefined) return found;
    throw new Error(`there are ${found.length}, for example ${JSON.stringify(left)}`);
  }, { what: `all Pods of ${name} ${what}` });
}

/** The image of each sidecar; "none" where there is no such container. */
function images(pod: Pod): Record<string, string> {
  return Object.fromEntries(["agent", "extra"].map((container) => [
    container,
    pod.spec.containers.find(({ name }) => name === container)?.image ?? "none",
  ]));
}

function having(surplus: readonly string[], image: string): string {
  const imageOf = (name: string) => surplus.includes(name) ? image : `${name}:1`;
  return JSON.stringify({ agent: imageOf("agent"), extra: imageOf("extra") });
}

const has = (expected: string) => (pod: Pod) => JSON.stringify(images(pod)) === expected;
const uidsOf = (pods: readonly Pod[]) => new Set(pods.map(({ metadata }) => metadata.uid));

async function becomeIdleAndReturn(plane: ControlPlane, cause: Cause): Promise<void> {
  const policy: CleanupPolicy = { type: "Idle", idleImage: "idle:1" };
  const scene = await given(plane, `idle-${cause.what}`, policy);
  const before = await scene.pods.list();
  await cause.begin(scene);
  await untilAll(scene, { what: "are idle", are: has(having(cause.surplus, "idle:1")) });
  await cause.end(scene);
  const after = await untilAll(scene, { what: "are back", are: has(having([], "")) });
  assert.deepEqual(uidsOf(after), uidsOf(before), "no Pod was recreated");
  for (const { metadata: { annotations = {} } } of after) {
    assert.equal(annotations["kruise.io/sidecarset-idle"], undefined);
    assert.equal(annotations[LIST], scene.name);
  }
  await untilSidecarSet(plane, scene.name, {
    what: "matches its Pods again",
    is: ({ status }) => status?.matchedPods === REPLICAS && status.readyPods === REPLICAS,
  });
}

async function areEvicted(plane: ControlPlane, cause: Cause): Promise<void> {
  const scene = await given(plane, `evict-${cause.what}`, { type: "Evict" });
  const before = uidsOf(await scene.pods.list());
  await cause.begin(scene);
  const surplus = cause.returnsOnRecreation ? [] : cause.surplus;
  const after = await untilAll(scene, {
    what: "are new",
    are: (pod) => !before.has(pod.metadata.uid) && has(having(surplus, "none"))(pod),
  });
  await eventually(async () => {
    const records = (await cleanupRecords(plane)).map((each) => fromConfigMap(each));
    return records.some((read) =>
      read.ok && read.value.sidecarSet === scene.name && (read.value.evictions ?? []).length === 0
    );
  }, { what: "the clean-up has accepted all replacements" });
  assert.deepEqual(uidsOf(await scene.pods.list()), uidsOf(after));
}

async function areRetained(plane: ControlPlane, cause: Cause): Promise<void> {
  const scene = await given(plane, `retain-${cause.what}`, { type: "Retain" });
  const before = uidsOf(await scene.pods.list());
  await cause.begin(scene);
  await untilSidecarSet(plane, scene.name, {
    what: "has counted its Pods again",
    is: ({ status, metadata }) =>
      status?.observedGeneration === metadata.generation &&
      status?.matchedPods === (cause.what === "container" ? REPLICAS : 0),
  });
  const named = await untilAll(scene, { what: "are as they were", are: has(having([], "")) });
  assert.ok(named.every(({ metadata }) => metadata.annotations?.[LIST] === scene.name));
  await deleteSidecarSet(plane, scene.name);
  const after = await untilAll(scene, {
    what: "name no deleted SidecarSet",
    are: ({ metadata }) => metadata.annotations?.[LIST] === undefined,
  });
  assert.ok(after.every(has(having([], ""))));
  assert.deepEqual(uidsOf(after), before);
}

Deno.test("sidecars of Pods that are no longer selected, or that are no longer listed", async (t) => {
  await using plane = await startControlPlane({ controllerManager: true });
  await using _controller = await installAndStart(plane);
  const policies = [
    ["Idle: become idle, and return when they are needed again", becomeIdleAndReturn],
    ["Evict: go with their Pods, once", areEvicted],
    ["Retain: stay, and are no longer named after the SidecarSet is deleted", areRetained],
  ] as const;
  for (const [name, check] of policies) {
    await t.step(name, async () => {
      await Promise.all(CAUSES.map((cause) => check(plane, cause)));
    });
  }
});
