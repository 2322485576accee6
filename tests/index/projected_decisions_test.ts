import assert from "node:assert/strict";
import fc from "fast-check";
import {
  INPLACE_UPDATE_STATE_ANNOTATION,
  TERMINATED_CONDITION,
  UPGRADABLE_CONDITION,
} from "../../lib/api/names.ts";
import type { Pod } from "../../lib/api/pod.ts";
import type { SidecarSetSpec } from "../../lib/api/sidecarset.ts";
import { mayEvict, RECREATING_KINDS } from "../../lib/core/cleanup/eviction.ts";
import { decideTermination } from "../../lib/core/cleanup/jobs.ts";
import { observedObstacle, replacementObstacle } from "../../lib/core/cleanup/replacement.ts";
import { surplusOf } from "../../lib/core/cleanup/surplus.ts";
import { inject } from "../../lib/core/inject/inject.ts";
import type { ObservedPod } from "../../lib/core/observed_pod.ts";
import type { PreparedSidecarSet } from "../../lib/core/prepared.ts";
import { maySelectLater } from "../../lib/core/select/label_times.ts";
import { upgradePatch } from "../../lib/core/rollout/pod_update.ts";
import { upgradability, upgradableCondition } from "../../lib/core/rollout/upgradable.ts";
import { assessImages } from "../../lib/core/status/drift.ts";
import { classifyPod } from "../../lib/core/status/pod_class.ts";
import { injectedNames, workloadOf } from "../../lib/index/inverted_index.ts";
import { internedPod, Interning } from "../../lib/index/interning.ts";
import { projectPod } from "../../lib/index/projection.ts";
import { podOf, sidecarSetOf } from "../support/objects.ts";

const NOW = new Date("2026-02-01T00:00:00Z");

const hot = { upgradeType: "HotUpgrade" as const, hotUpgradeEmptyImage: "empty:1" };
const specs: readonly SidecarSetSpec[] = [
  { containers: [{ name: "agent", image: "agent:1" }] },
  { containers: [{ name: "agent", image: "agent:2" }] },
  { containers: [{ name: "agent", image: "agent:2", upgradeStrategy: hot }] },
  { containers: [{ name: "agent", image: "agent:1", completionPolicy: "TerminateWithMain" }] },
  { containers: [{ name: "agent", image: "agent:1", args: ["--new"] }] },
  { containers: [], initContainers: [{ name: "agent", image: "n:1", restartPolicy: "Always" }] },
  // The Pod's own volume, which the index drops.
  {
    containers: [{
      name: "agent",
      image: "agent:1",
      volumeMounts: [{ name: "data", mountPath: "/data" }],
    }],
  },
  { containers: [{ name: "main", image: "agent:1" }] },
  { containers: [{ name: "agent", image: "agent:1" }], injectionStrategy: { paused: true } },
];
const sidecarSets = specs.map((spec) => sidecarSetOf({ spec }));
const anySidecarSet = fc.constantFrom(...sidecarSets);

const state = fc.constantFrom(
  undefined,
  { running: { startedAt: "2026-01-02T00:00:00Z" } },
  { terminated: { exitCode: 0, reason: "Completed" } },
  { terminated: { exitCode: 1, reason: "Error" } },
  { waiting: { reason: "ImagePullBackOff" } },
);
const condition = fc.record({
  type: fc.constantFrom("Ready", UPGRADABLE_CONDITION, TERMINATED_CONDITION, "PodScheduled"),
  status: fc.constantFrom("True", "False"),
  message: fc.constantFrom("{}", '{"web":true}'),
});
const managedFields = fc.subarray([
  { manager: "kubelet", time: "2026-01-01T00:00:00Z", fieldsV1: { "f:status": {} } },
  {
    manager: "kubectl-label",
    time: "2026-01-03T00:00:00Z",
    fieldsV1: { "f:metadata": { "f:labels": { "f:app": {} } } },
  },
  {
    manager: "kubectl-set",
    time: "2026-01-03T00:00:00Z",
    fieldsV1: {
      "f:spec": { "f:containers": { 'k:{"name":"agent"}': { "f:image": {} } } },
    },
  },
]);

/** Pods that an injection made, as they are at some time of their life. */
const anyPod: fc.Arbitrary<Pod> = fc.record({
  injected: anySidecarSet,
  isInjected: fc.boolean(),
  restartPolicy: fc.constantFrom("Always", "Never", "OnFailure"),
  phase: fc.constantFrom("Pending", "Running", "Succeeded"),
  generation: fc.constantFrom(1, 2),
  observedGeneration: fc.constantFrom(1, 2),
  isDeleted: fc.boolean(),
  owner: fc.constantFrom(undefined, "ReplicaSet", "Job"),
  inPlace: fc.constantFrom(
    undefined,
    "{}",
    JSON.stringify({
      web: {
        revision: "r",
        updateTimestamp: "2026-01-02T00:00:00Z",
        lastContainerStatuses: { agent: { imageID: "id-1" } },
      },
    }),
  ),
  image: fc.constantFrom(undefined, "agent:2", "mirror/agent:1", "empty:1"),
  states: fc.array(
    fc.record({
      state,
      ready: fc.boolean(),
      imageID: fc.constantFrom("id-1", "id-2"),
      restartCount: fc.nat({ max: 2 }),
    }),
    { minLength: 4, maxLength: 4 },
  ),
  conditions: fc.array(condition, { maxLength: 3 }),
  managedFields,
}).map((drawn): Pod => {
  const bare = podOf({ name: "a", injected: drawn.isInjected ? [drawn.injected] : [] });
  const { ownerReferences: _, ...metadata } = bare.metadata;
  const { image } = drawn;
  const containers = bare.spec.containers.map((each) =>
    image !== undefined && each.name.startsWith("agent") ? { ...each, image } : each
  );
  const statuses = (list: readonly { name: string; image?: string | undefined }[]) =>
    list.map(({ name, image = "" }, index) => {
      const { state, ...status } = drawn.states[index % drawn.states.length] ?? {};
      const common = { name, image, imageID: "id-1", ready: true, ...status };
      return state ? { ...common, state } : common;
    });
  return {
    metadata: {
      ...metadata,
      generation: drawn.generation,
      // The API server leaves an empty list out.
      ...(drawn.managedFields.length === 0 ? {} : { managedFields: drawn.managedFields }),
      ...(drawn.isDeleted ? { deletionTimestamp: "2026-01-31T00:00:00Z" } : {}),
      ...(drawn.owner === undefined ? {} : {
        ownerReferences: [
          { apiVersion: "apps/v1", kind: drawn.owner, name: "w", uid: "w", controller: true },
        ],
      }),
      annotations: {
        ...metadata.annotations,
        ...(drawn.inPlace === undefined ? {} : {
          [INPLACE_UPDATE_STATE_ANNOTATION]: drawn.inPlace,
        }),
      },
    },
    spec: {
      ...bare.spec,
      containers,
      volumes: [{ name: "data" }],
      restartPolicy: drawn.restartPolicy,
      dnsPolicy: "ClusterFirst",
    },
    status: {
      phase: drawn.phase,
      observedGeneration: drawn.observedGeneration,
      conditions: drawn.conditions,
      containerStatuses: statuses(containers),
      initContainerStatuses: statuses(bare.spec.initContainers ?? []),
    },
  };
});

/** Every decision about a running Pod. */
function decisionsOf(pod: ObservedPod, prepared: PreparedSidecarSet) {
  const scope = { sidecarSet: prepared.name, selects: () => true, knownSidecars: ["agent"] };
  return {
    podClass: classifyPod(pod, prepared, {
      selected: true,
      effectiveSince: "2025-12-01T00:00:00Z",
    }),
    selectedLater: maySelectLater(prepared.sidecarSet.spec, {
      pod: pod.metadata,
      namespace: undefined,
    }),
    images: assessImages(pod, prepared),
    upgradability: upgradability(pod, prepared),
    upgrade: upgradePatch(pod, { prepared, now: "2026-02-01T00:00:00Z" }),
    condition: upgradableCondition(pod, {
      sidecarSetName: prepared.name,
      upgradable: false,
      now: "2026-02-01T00:00:00Z",
      exists: () => true,
    }),
    eviction: mayEvict(pod, {
      recreatingKinds: RECREATING_KINDS,
      webhookReady: true,
      unavailable: 0,
      maxUnavailable: 0,
      workloadSettled: true,
      workloadReady: true,
      guardsFull: false,
      now: NOW,
    }),
    surplus: surplusOf(pod, { ...scope, current: prepared }),
    surplusOfDeleted: surplusOf(pod, { ...scope, current: undefined }),
    termination: decideTermination(pod, {
      sidecarSet: () => prepared.sidecarSet,
      virtualNode: false,
      now: NOW,
    }),
    terminationOnVirtualNode: decideTermination(pod, {
      sidecarSet: () => prepared.sidecarSet,
      virtualNode: true,
      now: NOW,
    }),
    names: injectedNames(pod),
    workload: workloadOf(pod),
  };
}

Deno.test("every decision is the same for a whole Pod and for what the index keeps of it", () => {
  const interning = new Interning();
  fc.assert(
    fc.property(anyPod, anySidecarSet, (pod, prepared) => {
      const kept = internedPod(projectPod(pod), interning);
      assert.deepEqual(decisionsOf(kept, prepared), decisionsOf(pod, prepared));
    }),
    { numRuns: 500 },
  );
});

Deno.test("a dry run finds no obstacle in what the index keeps of a Pod that the whole Pod does not have", () => {
  fc.assert(
    fc.property(anyPod, anySidecarSet, (pod, prepared) => {
      const facts = {
        sidecarSet: prepared.name,
        excludedNamespaces: new Set<string>(),
        inject,
        request: {
          namespace: { name: "default", labels: {} },
          selecting: [prepared],
          match: () => [prepared],
          revisionsOf: () => [],
          sharesOf: () => ({ matched: 0, pinned: 0 }),
          now: NOW,
        },
      };
      const found = observedObstacle(projectPod(pod), facts);
      if (found !== undefined) assert.deepEqual(found, replacementObstacle(pod, facts));
    }),
    { numRuns: 300 },
  );
});
