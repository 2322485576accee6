import { GROUP, PLURAL, STORAGE_VERSION } from "../../lib/api/names.ts";
import type { Pod } from "../../lib/api/pod.ts";
import { prepareSidecarSet } from "../../lib/core/defaults/prepare.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { podOf } from "../support/objects.ts";
import { MemoryApi } from "./memory_api.ts";
import { ended, startContainers } from "./memory_kubelet.ts";
import { startSimulatedController } from "./simulated_controller.ts";

/** State after one round. */
export interface ChurnRound {
  /** After a garbage collection. */
  readonly heapBytes: number;
  /** Objects that are still stored. */
  readonly objects: number;
  /** Writes of all rounds so far, by method and kind. */
  readonly writes: Readonly<Record<string, number>>;
  /** Reasons of the conditions that SidecarSets had in this round. */
  readonly reasons: readonly string[];
}

/** Enough that events of three rounds fill the cache of events, whose size is limited. */
const PODS_PER_SET = 300;
const POLICIES = [{ type: "Retain" }, { type: "Idle", idleImage: "idle:1" }, { type: "Evict" }];
const SETS = POLICIES.map((cleanupPolicy, i) => ({ name: `set-${i}`, cleanupPolicy }));
const SIDECAR_SETS = `/apis/${GROUP}/${STORAGE_VERSION}/${PLURAL}`;
const MUTATING_CONFIGURATIONS =
  "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
const EVENTS = "/apis/events.k8s.io/v1";
const NAMESPACE = "space";
const NAMESPACE_PATH = `/api/v1/namespaces/${NAMESPACE}`;

// Every request is answered at once. Deadlines in real time would outlive the rounds, whose time is simulated.
AbortSignal.timeout = () => new AbortController().signal;
const rounds = Number(Deno.args[0]);
const clock = new ManualClock();
const api = new MemoryApi(clock);
const endController = startSimulatedController(api, clock);
await pass(30);
for (let round = 0; round < rounds; round++) {
  // Equal timestamps and names of all but Pods: interned parts of deleted Pods stay until the pool is full.
  clock.setWall(new Date("2026-01-02T00:00:00Z"));
  // The controller creates it again: Pods are missed only if they are younger than the registration.
  for (const [path] of api.list(MUTATING_CONFIGURATIONS)) api.delete(path);
  const reasons = await churn(round);
  const heapBytes = await usedHeap();
  const writes = Object.fromEntries(api.writes);
  const state: ChurnRound = { heapBytes, objects: api.objects.size, writes, reasons };
  console.log(JSON.stringify(state));
}
await endController();

/** Lets time pass, in seconds, with kubelets that start the containers of the specs. */
async function pass(seconds: number, step = 5): Promise<void> {
  for (let passed = 0; passed < seconds; passed += step) {
    api.sendBookmarks();
    await clock.advance(step * 1_000);
    await new Promise((resolve) => setTimeout(resolve));
    startContainers(api);
  }
}

/**
 * Creates a namespace, SidecarSets, workloads and Pods, changes them, and deletes them.
 *
 * @returns reasons of the conditions that the SidecarSets had
 */
async function churn(round: number): Promise<string[]> {
  api.put(NAMESPACE_PATH, { metadata: { name: NAMESPACE, labels: { round: "new" } } });
  for (const set of SETS) api.put(`${SIDECAR_SETS}/${set.name}`, sidecarSet(set));
  await pass(20);
  for (const { name } of SETS) {
    createPods(name, round);
    refuse(name, round);
  }
  await pass(20);
  for (const { name } of SETS) {
    api.patch(`${SIDECAR_SETS}/${name}`, {
      spec: { containers: [{ name: "agent", image: "agent:2" }] },
    });
  }
  await pass(60);
  const reasons = reasonsOfConditions();
  api.patch(NAMESPACE_PATH, { metadata: { labels: { round: "old" } } });
  for (const [i, [path]] of api.list("/api/v1/pods").entries()) {
    if (i % 4 === 0) api.patch(path, { metadata: { labels: { app: "nothing" } } });
  }
  await pass(20);
  for (const { name } of SETS) api.delete(`${SIDECAR_SETS}/${name}`);
  await pass(60);
  // As the garbage collector deletes what the SidecarSets owned.
  for (
    const kind of [
      "/api/v1/pods",
      "/apis/apps/v1/replicasets",
      "/apis/apps/v1/controllerrevisions",
      `${EVENTS}/events`,
    ]
  ) {
    for (const [path] of api.list(kind)) api.delete(path);
  }
  api.delete(NAMESPACE_PATH);
  // Longer than every cache of the controllers keeps an entry.
  await pass(660, 10);
  return reasons;
}

function reasonsOfConditions(): string[] {
  const conditions = api.list(SIDECAR_SETS).flatMap(([, { status }]) =>
    Object(status).conditions ?? []
  );
  return conditions.map(({ reason }: { reason: string }) => reason);
}

function sidecarSet({ name, cleanupPolicy }: typeof SETS[number]): object {
  return {
    metadata: { name },
    spec: {
      selector: { matchLabels: { app: name } },
      containers: [{ name: "agent", image: "agent:1", completionPolicy: "TerminateWithMain" }],
      updateStrategy: { maxUnavailable: "100%" },
      missedPodPolicy: "Evict",
      cleanupPolicy,
    },
  };
}

/** Of eight Pods, four are injected and run, three run to completion, and one is missed. */
function createPods(set: string, round: number): void {
  const read = prepareSidecarSet(Object(api.objects.get(`${SIDECAR_SETS}/${set}`)));
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  for (let i = 0; i < PODS_PER_SET; i++) {
    const name = `${set}-${round}-${i}`;
    const pod = podOf({
      name,
      namespace: NAMESPACE,
      uid: crypto.randomUUID(),
      labels: { app: set },
      creationTimestamp: clock.now().toISOString(),
      injected: i % 8 === 0 ? [] : [read.value],
    });
    const stored = i % 8 > 4 ? ended(pod) : owned(pod, `web-${i}`);
    api.put(`${NAMESPACE_PATH}/pods/${name}`, stored);
  }
}

/** A Pod of a workload; one workload for each Pod, because evictions go on after a replacement. */
function owned(pod: Pod, owner: string): Pod {
  const ownerReferences = [
    { apiVersion: "apps/v1", kind: "ReplicaSet", name: owner, uid: owner, controller: true },
  ];
  return { ...pod, metadata: { ...pod.metadata, ownerReferences } };
}

/** A workload whose Pods the API server refuses because of the sidecar. */
function refuse(set: string, round: number): void {
  const namespace = NAMESPACE;
  const [name, uid] = [`refused-${set}-${round}`, crypto.randomUUID()];
  const containers = [{ name: "main", image: "main:1" }];
  api.put(`/apis/apps/v1/namespaces/${namespace}/replicasets/${name}`, {
    metadata: { name, namespace, uid },
    spec: { replicas: 1, template: { metadata: { labels: { app: set } }, spec: { containers } } },
    status: { replicas: 0, observedGeneration: 1 },
  });
  api.put(`${EVENTS}/namespaces/${NAMESPACE}/events/${name}`, {
    metadata: { name, namespace },
    eventTime: clock.now().toISOString(),
    type: "Warning",
    reason: "FailedCreate",
    action: "Create",
    note: `Error creating: Pod "${name}-x" is invalid: spec.containers[0].image: Invalid value`,
    regarding: { apiVersion: "apps/v1", kind: "ReplicaSet", name, namespace, uid },
    reportingController: "replicaset-controller",
    reportingInstance: "",
  });
}

/** Bytes after a garbage collection; needs `--expose-gc`. */
async function usedHeap(): Promise<number> {
  const collect: unknown = Reflect.get(globalThis, "gc");
  if (typeof collect !== "function") throw new Error("Cannot collect garbage: pass --expose-gc");
  for (let i = 0; i < 3; i++) {
    // Targets of WeakRefs live until the end of a task.
    await new Promise((resolve) => setTimeout(resolve));
    collect();
  }
  return Deno.memoryUsage().heapUsed;
}
