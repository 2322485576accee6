import assert from "node:assert/strict";
import { GROUP, PLURAL, STORAGE_VERSION } from "../../lib/api/names.ts";
import type { Pod } from "../../lib/api/pod.ts";
import type { SidecarSetSpec } from "../../lib/api/sidecarset.ts";
import { prepareSidecarSet } from "../../lib/core/defaults/prepare.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { podOf } from "../support/objects.ts";
import { MemoryApi } from "./memory_api.ts";
import { ended, startContainers } from "./memory_kubelet.ts";
import { startSimulatedController } from "./simulated_controller.ts";

const SIDECAR_SETS = `/apis/${GROUP}/${STORAGE_VERSION}/${PLURAL}`;
const PODS = "/api/v1/namespaces/default/pods";

/** A SidecarSet, its Pods, and what its users change before the restart. */
interface Scene {
  readonly spec?: SidecarSetSpec;
  /** A merge patch of the spec, after which the Pods are upgraded as far as they can be. */
  readonly change?: object;
  readonly isDeleted?: boolean;
  /** Whether another client damages the record of its clean-up. */
  readonly isRecordDamaged?: boolean;
  /** Of its conditions before the restart; absent if it is deleted. */
  readonly reasons?: string;
  /** Changes Pods after their injection. */
  pod?(pod: Pod): Pod;
  /** @default {4} */
  readonly pods?: number;
  readonly areMissed?: boolean;
  /** Workloads of which the API server refuses the Pods. */
  readonly refusedWorkloads?: number;
}

const newImage = { containers: [{ name: "agent", image: "agent:2" }] };
const newEnv = { containers: [{ name: "agent", env: [{ name: "LEVEL", value: "2" }] }] };
const noneUnavailable = { updateStrategy: { maxUnavailable: 0 } };
const evictMissed = { missedPodPolicy: "Evict" };
const hot = { upgradeType: "HotUpgrade", hotUpgradeEmptyImage: "empty:1" } as const;

const scenes: Readonly<Record<string, Scene>> = {
  new: { reasons: "InForce,UpToDate,NoPodsMissed" },
  upgraded: { change: newImage, reasons: "InForce,UpToDate,NoPodsMissed" },
  "upgraded-hot": {
    spec: { containers: [{ name: "agent", image: "agent:1", upgradeStrategy: hot }] },
    change: newImage,
    reasons: "InForce,UpToDate,NoPodsMissed",
  },
  paused: {
    change: { ...newImage, updateStrategy: { paused: true } },
    reasons: "InForce,Paused,NoPodsMissed",
  },
  "half-upgraded": {
    change: { ...newImage, updateStrategy: { partition: "50%" } },
    reasons: "InForce,PartitionReached,NoPodsMissed",
  },
  "not-upgradable": { change: newEnv, reasons: "InForce,NotUpgradable,NoPodsMissed" },
  "injection-paused": {
    change: { injectionStrategy: { paused: true } },
    reasons: "InjectionPaused,UpToDate,NoPodsMissed",
  },
  "pinned-nowhere": {
    change: { injectionStrategy: { revision: { revisionName: "nowhere" } } },
    reasons: "RevisionNotFound,UpToDate,NoPodsMissed",
  },
  invalid: {
    change: { updateStrategy: { type: "Unknown" } },
    reasons: "InvalidSidecarSet,InvalidSidecarSet,NoPodsMissed",
  },
  missed: { areMissed: true, reasons: "InForce,UpToDate,NotReviewed" },
  "missed-evict": {
    pods: 1,
    areMissed: true,
    change: { missedPodPolicy: "Evict" },
    reasons: "InForce,UpToDate,NotReviewed",
  },
  "missed-evict-bare": {
    areMissed: true,
    change: evictMissed,
    reasons: "InForce,UpToDate,NotReviewed",
  },
  "missed-evict-waiting": {
    areMissed: true,
    pod: owned,
    change: { ...evictMissed, ...noneUnavailable },
    reasons: "InForce,UpToDate,NotReviewed",
  },
  "outdated-evict-bare": {
    change: { ...newEnv, updateStrategy: { recreatePolicy: "Evict" } },
    reasons: "InForce,NotUpgradable,NoPodsMissed",
  },
  "outdated-evict-waiting": {
    pod: owned,
    change: { ...newEnv, updateStrategy: { recreatePolicy: "Evict", maxUnavailable: 0 } },
    reasons: "InForce,NotUpgradable,NoPodsMissed",
  },
  unready: {
    pod: halfUnready,
    change: newImage,
    reasons: "InForce,WaitingForAvailability,NoPodsMissed",
  },
  refused: { refusedWorkloads: 1, reasons: "InForce,UpToDate,PodRefused" },
  "refused-three": { refusedWorkloads: 3, reasons: "InForce,UpToDate,PodRefused" },
  "refused-and-missed": {
    refusedWorkloads: 2,
    areMissed: true,
    reasons: "InForce,UpToDate,NotReviewed",
  },
  "idle-waiting": {
    spec: { cleanupPolicy: { type: "Idle", idleImage: "idle:1" }, ...noneUnavailable },
    isDeleted: true,
  },
  "record-damaged": {
    spec: { cleanupPolicy: { type: "Evict" } },
    isDeleted: true,
    isRecordDamaged: true,
  },
  "cleanup-evict-bare": { spec: { cleanupPolicy: { type: "Evict" } }, isDeleted: true },
  "cleanup-evict-waiting": {
    spec: { cleanupPolicy: { type: "Evict" } },
    pod: owned,
    change: { selector: { matchLabels: { app: "elsewhere" } }, ...noneUnavailable },
    reasons: "InForce,UpToDate,NoPodsMissed",
  },
  ended: { pod: ended, reasons: "InForce,UpToDate,NoPodsMissed" },
  retained: { isDeleted: true },
};

/** A Pod of one ReplicaSet. */
function owned(pod: Pod): Pod {
  const owner = { apiVersion: "apps/v1", kind: "ReplicaSet", name: "web", uid: "uid-of-web" };
  const ownerReferences = [{ ...owner, controller: true }];
  return { ...pod, metadata: { ...pod.metadata, ownerReferences } };
}

/** Two Pods of four never become ready. */
function halfUnready(pod: Pod): Pod {
  if (!/[12]$/.test(pod.metadata.name ?? "")) return pod;
  return { ...pod, status: { ...pod.status, conditions: [{ type: "Ready", status: "False" }] } };
}

/** A workload whose Pods the API server refuses because of the sidecar. */
function refuse(
  api: MemoryApi,
  { app, name, eventTime }: { app: string; name: string; eventTime: string },
): void {
  const metadata = { name, namespace: "default", uid: `uid-of-${name}` };
  const containers = [{ name: "main", image: "main:1" }];
  api.put(`/apis/apps/v1/namespaces/default/replicasets/${name}`, {
    metadata,
    spec: { replicas: 1, template: { metadata: { labels: { app } }, spec: { containers } } },
    status: { replicas: 0, observedGeneration: 1 },
  });
  api.put(`/apis/events.k8s.io/v1/namespaces/default/events/${name}`, {
    metadata: { name, namespace: "default" },
    eventTime,
    type: "Warning",
    reason: "FailedCreate",
    action: "Create",
    note: 'Error creating: Pod "refused-x" is invalid: spec.containers[0].image: Invalid value',
    regarding: { apiVersion: "apps/v1", kind: "ReplicaSet", ...metadata },
    reportingController: "replicaset-controller",
    reportingInstance: "",
  });
}

class Cluster {
  readonly clock = new ManualClock();
  readonly api = new MemoryApi(this.clock);

  async pass(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second++) {
      this.api.sendBookmarks();
      await this.clock.advance(1_000);
      startContainers(this.api);
    }
  }

  /** Creates the SidecarSets of the scenes, then their Pods, then makes the changes. */
  async play(): Promise<void> {
    const { api, clock } = this;
    for (const [name, { spec }] of Object.entries(scenes)) {
      const selector = { matchLabels: { app: name } };
      const containers = [{ name: "agent", image: "agent:1" }];
      const body = { metadata: { name }, spec: { selector, containers, ...spec } };
      api.put(`${SIDECAR_SETS}/${name}`, body);
    }
    await this.pass(20);
    for (const [name, scene] of Object.entries(scenes)) {
      this.#createPods(name, scene);
      const eventTime = clock.now().toISOString();
      // The last one has the first name.
      for (let i = scene.refusedWorkloads ?? 0; i > 0; i--) {
        refuse(api, { app: name, name: `${name}-${i}`, eventTime });
      }
    }
    await this.pass(20);
    for (const [name, { change, isDeleted }] of Object.entries(scenes)) {
      if (change) api.patch(`${SIDECAR_SETS}/${name}`, { spec: change });
      if (isDeleted) api.delete(`${SIDECAR_SETS}/${name}`);
    }
    await this.pass(20);
    for (const [name, { isRecordDamaged }] of Object.entries(scenes)) {
      if (isRecordDamaged) this.#damageRecord(name);
    }
    await this.pass(180);
  }

  #damageRecord(sidecarSet: string): void {
    const records = this.api.list("/api/v1/configmaps").filter(([, { metadata }]) =>
      metadata.annotations?.["kruise.io/sidecarset-name"] === sidecarSet
    );
    assert.equal(records.length, 1, sidecarSet);
    for (const [path] of records) this.api.patch(path, { data: { "record.json": "{" } });
  }

  /** The newest has the first name: a list has another order than the watch had. */
  #createPods(
    name: string,
    { pods = 4, areMissed, pod: change = (pod) => pod }: Scene,
  ): void {
    const read = prepareSidecarSet(Object(this.api.objects.get(`${SIDECAR_SETS}/${name}`)));
    if (!read.ok) throw new Error(JSON.stringify(read.problems));
    for (let i = pods - 1; i >= 0; i--) {
      const pod = podOf({
        name: `${name}-${i}`,
        uid: crypto.randomUUID(),
        labels: { app: name },
        creationTimestamp: this.clock.now().toISOString(),
        injected: areMissed ? [] : [read.value],
      });
      this.api.put(`${PODS}/${name}-${i}`, change(pod));
    }
  }

  /** Writes so far, without those of the Leases, which show that a process is alive. */
  writes(): Record<string, number> {
    return Object.fromEntries([...this.api.writes].filter(([kind]) => !kind.endsWith(" leases")));
  }

  /** By SidecarSet, the reasons of its conditions. */
  reasons(): Record<string, string> {
    const sets = this.api.list(SIDECAR_SETS).map(([, { metadata, status }]) => {
      const conditions: { reason: string }[] = Object(status).conditions ?? [];
      return [metadata.name, conditions.map(({ reason }) => reason).join()];
    });
    return Object.fromEntries(sets);
  }
}

Deno.test("a process that starts in a cluster where nothing has changed writes nothing", async () => {
  const cluster = new Cluster();
  cluster.api.put("/api/v1/namespaces/default", { metadata: { name: "default" } });
  const end = startSimulatedController(cluster.api, cluster.clock);
  await cluster.pass(20);
  await cluster.play();
  await end();
  const writes = cluster.writes();
  for (const kind of ["PATCH pods", "PATCH sidecarsets", "POST events"]) {
    assert.ok((writes[kind] ?? 0) > 0, kind);
  }
  const reasons = Object.fromEntries(
    Object.entries(scenes).flatMap(([name, scene]) => scene.reasons ? [[name, scene.reasons]] : []),
  );
  assert.deepEqual(cluster.reasons(), reasons);
  const restarts = [
    { awayFor: 0, certifiedAfterMs: 0 },
    // Pods are examined before the registration can be compared.
    { awayFor: 3_600, certifiedAfterMs: 3_000 },
  ];
  for (const { awayFor, certifiedAfterMs } of restarts) {
    await cluster.clock.advance(awayFor * 1_000);
    const endAgain = startSimulatedController(cluster.api, cluster.clock, { certifiedAfterMs });
    await cluster.pass(120);
    await endAgain();
    assert.deepEqual(cluster.writes(), writes, `after ${awayFor} s`);
    assert.deepEqual(cluster.reasons(), reasons);
  }
});
