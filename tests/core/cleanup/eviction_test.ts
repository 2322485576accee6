import assert from "node:assert/strict";
import type { Pod } from "../../../lib/api/pod.ts";
import {
  type EvictionFacts,
  mayEvict,
  RECREATING_KINDS,
} from "../../../lib/core/cleanup/eviction.ts";
import {
  afterEviction,
  afterReplacement,
  mayTryAt,
} from "../../../lib/core/cleanup/eviction_guards.ts";
import { pod } from "../rollout/scene.ts";

const now = new Date("2026-06-01T12:00:00Z");
const time = "2026-06-01T12:00:00Z";
const note = {
  workload: "w",
  pod: "uid-a",
  lastEviction: time,
  newestPod: "2026-01-01T00:00:00Z",
  observedGeneration: 2,
};

const facts: EvictionFacts = {
  recreatingKinds: RECREATING_KINDS,
  webhookReady: true,
  unavailable: 0,
  maxUnavailable: 1,
  workloadReady: true,
  workloadSettled: true,
  guardsFull: false,
  now,
};

function owned(target: Pod, kind = "ReplicaSet"): Pod {
  const owner = { apiVersion: "apps/v1", kind, name: "web", uid: "w", controller: true };
  return { ...target, metadata: { ...target.metadata, ownerReferences: [owner] } };
}

Deno.test("mayEvict() allows the eviction of a ready Pod that its controller recreates up to date", () => {
  assert.deepEqual(mayEvict(owned(pod("a")), facts), { evict: true });
});

Deno.test("mayEvict() allows the eviction of an unready Pod in spite of the budget", () => {
  const used = { ...facts, unavailable: 1, workloadReady: false };
  assert.deepEqual(mayEvict(owned(pod("a", { ready: false })), used), { evict: true });
});

Deno.test("mayEvict() says what is against it", async (t) => {
  const fit = owned(pod("a"));
  const unready = owned(pod("a", { ready: false }));
  const guard = afterEviction(undefined, note);
  const mirror = { annotations: { "kubernetes.io/config.mirror": "x" } };
  const obstacle = { reason: "InjectionPaused", message: "paused" } as const;
  const cases: [string, Pod, Partial<EvictionFacts>][] = [
    ["MirrorPod", owned(pod("a", mirror)), {}],
    ["PodNotActive", { ...fit, status: { phase: "Failed" } }, {}],
    ["RunsToCompletion", { ...fit, spec: { ...fit.spec, restartPolicy: "Never" } }, {}],
    ["NotRecreated", pod("a"), {}],
    ["NotRecreated", owned(pod("a"), "Job"), {}],
    ["InjectionPaused", fit, { replacementObstacle: obstacle }],
    ["WorkloadLeftAlone", fit, { guard: { ...guard, leftAlone: true } }],
    ["WebhookNotReady", fit, { webhookReady: false }],
    ["WorkloadNotReady", fit, { workloadReady: false }],
    ["WorkloadNotReady", unready, { workloadReady: false, workloadSettled: false }],
    ["EvictionBackoff", fit, { guard }],
    ["BudgetUsed", fit, { unavailable: 1 }],
    ["BudgetUsed", unready, { guardsFull: true }],
  ];
  for (const [reason, target, changed] of cases) {
    await t.step(reason, () => {
      const decision = mayEvict(target, { ...facts, ...changed });
      assert.equal(decision.evict === false && decision.reason, reason);
    });
  }
});

Deno.test("mayEvict() knows kinds of controllers that an option names", () => {
  const recreatingKinds = new Set([...RECREATING_KINDS, "CloneSet"]);
  assert.equal(mayEvict(owned(pod("a"), "CloneSet"), { ...facts, recreatingKinds }).evict, true);
});

Deno.test("mayTryAt() doubles the delay with each eviction, up to ten minutes", () => {
  let guard = afterEviction(undefined, note);
  const delays = [];
  for (let i = 0; i < 8; i++) {
    delays.push((mayTryAt(guard) - now.getTime()) / 1000);
    guard = afterEviction(guard, note);
  }
  assert.deepEqual(delays, [10, 20, 40, 80, 160, 320, 600, 600]);
});

Deno.test("afterReplacement() leaves a workload alone whose replacement is outdated too", () => {
  const guard = afterEviction(undefined, note);
  assert.equal(afterReplacement(guard, { isUpToDate: true }), undefined);
  assert.equal(afterReplacement(guard, { isUpToDate: false })?.leftAlone, true);
});
