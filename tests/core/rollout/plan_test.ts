import assert from "node:assert/strict";
import type { UpdateStrategy } from "../../../lib/api/strategies.ts";
import type { RolloutSnapshot } from "../../../lib/core/rollout/contract.ts";
import { planRollout } from "../../../lib/core/rollout/plan.ts";
import { hotMeshAt2, hotPod, meshAt2, NOW, pod, type PodDetails, snapshotOf } from "./scene.ts";

function planOf(
  strategy: UpdateStrategy,
  pods: Record<string, PodDetails>,
  facts: Partial<RolloutSnapshot> = {},
) {
  const all = Object.entries(pods).map(([name, details]) => pod(name, details));
  const plan = planRollout(snapshotOf(meshAt2(strategy), all, facts));
  return { ...plan, names: plan.updates.map((update) => update.name) };
}

const UPDATED = { image: "agent:2", hash: "hash-2" };
const DOWN = { ready: false };

Deno.test("planRollout() updates one Pod at a time by default", () => {
  const plan = planOf({}, { a: {}, b: {}, c: {} });
  assert.equal(plan.names.length, 1);
  assert.equal(plan.reason, "RollingOut");
});

Deno.test("planRollout() plans nothing once every Pod has the current revision", () => {
  const plan = planOf({}, { a: UPDATED, b: UPDATED });
  assert.deepEqual([plan.updates, plan.flips, plan.notUpgradable, plan.refused], [[], [], [], []]);
  assert.equal(plan.reason, "UpToDate");
});

Deno.test("planRollout() says why it holds back", async (t) => {
  const cases: [string, UpdateStrategy, Record<string, PodDetails>][] = [
    ["Paused", { paused: true }, { a: {} }],
    ["NotUpdate", { type: "NotUpdate" }, { a: {} }],
    ["PartitionReached", { partition: 1 }, { a: {} }],
    ["WaitingForAvailability", {}, { a: {}, b: { ...UPDATED, ...DOWN } }],
    ["NotUpgradable", {}, { a: { template: "other" } }],
    ["SelectorReached", { selector: { matchLabels: { canary: "yes" } } }, { a: {} }],
  ];
  for (const [reason, strategy, pods] of cases) {
    await t.step(reason, () => {
      const plan = planOf(strategy, pods);
      assert.equal(plan.reason, reason);
      assert.deepEqual(plan.names, []);
    });
  }
});

Deno.test("planRollout() plans nothing for a SidecarSet that does not pass validation", () => {
  const problem = { reason: "FieldValueInvalid", field: "spec", message: "wrong" } as const;
  const prepared = { ...meshAt2(), problems: [problem] };
  const plan = planRollout(snapshotOf(prepared, [pod("a")]));
  assert.equal(plan.reason, "InvalidSidecarSet");
  assert.deepEqual(plan.updates, []);
});

Deno.test("planRollout() updates Pods that are down although the budget is used up", () => {
  const plan = planOf({ maxUnavailable: 0 }, { up: {}, down: DOWN });
  assert.deepEqual(plan.names, ["down"]);
});

Deno.test("planRollout() counts outdated Pods that are down as unavailable", () => {
  const plan = planOf({ maxUnavailable: 2 }, { a: {}, b: {}, down: DOWN });
  assert.deepEqual(plan.names, ["down", "a"]);
});

Deno.test("planRollout() counts Pods that were written to and not seen since as unavailable", () => {
  const plan = planOf({ maxUnavailable: 1 }, { a: {}, b: {} }, { pending: new Set(["uid-a"]) });
  assert.deepEqual(plan.names, []);
  assert.equal(plan.reason, "RollingOut");
});

Deno.test("planRollout() credits Pods that cannot be updated to the partition", () => {
  const stuck = { template: "other" };
  const plan = planOf({ partition: "50%", maxUnavailable: "100%" }, {
    a: {},
    b: {},
    c: stuck,
    d: stuck,
  });
  assert.deepEqual(plan.names, ["a", "b"]);
});

Deno.test("planRollout() leaves a Pod alone whose last write failed until its time has come", () => {
  const retryAt = new Map([["uid-a", NOW.getTime() + 5000]]);
  const plan = planOf({}, { a: {}, b: {} }, { retryAt });
  assert.deepEqual(plan.names, ["b"]);
  assert.equal(plan.waitUntil, NOW.getTime() + 5000);
});

Deno.test("planRollout() names what the API server refuses when nothing else is left", () => {
  const retryAt = new Map([["uid-a", NOW.getTime() + 5000]]);
  assert.equal(planOf({}, { a: {} }, { retryAt }).reason, "UpdateRefused");
});

Deno.test("planRollout() waits until an updated Pod has been ready for minReadySeconds", () => {
  const readySince = new Date(NOW.getTime() - 10_000).toISOString();
  const pods = { a: { ...UPDATED, readySince }, b: {} };
  const early = planOf({ minReadySeconds: 30 }, pods);
  assert.deepEqual(early.names, []);
  assert.equal(early.waitUntil, NOW.getTime() + 20_000);
  const late = planOf({ minReadySeconds: 5 }, pods);
  assert.deepEqual(late.names, ["b"]);
  assert.equal(late.waitUntil, undefined);
});

Deno.test("planRollout() waits for minReadySeconds of a Pod that becomes ready between two steps", () => {
  const pods = [pod("a", { ...UPDATED, ...DOWN }), pod("b"), pod("c")];
  const snapshot = snapshotOf(meshAt2({ minReadySeconds: 30 }), pods);
  const { counts } = snapshot;
  let reads = 0;
  const plan = planRollout({
    ...snapshot,
    get counts() {
      return reads++ < 3 ? counts : { ...counts, readyPods: counts.matchedPods };
    },
  });
  assert.ok(reads > 3);
  assert.deepEqual(plan.updates, []);
});

Deno.test("planRollout() passes over a Pod whose annotation cannot be merged, and updates the next", () => {
  const prepared = meshAt2({}, {
    patchPodMetadata: [{ annotations: { config: '{"a":1}' }, patchPolicy: "MergePatchJson" }],
  });
  const plan = planRollout(
    snapshotOf(prepared, [pod("a", { annotations: { config: "no JSON" } }), pod("b")]),
  );
  assert.deepEqual(plan.updates.map(({ name }) => name), ["b"]);
  assert.deepEqual(plan.refused.map(({ pod, reason }) => [pod.metadata.name, reason]), [
    ["a", "AnnotationNotJson"],
  ]);
});

Deno.test("planRollout() marks Pods that cannot be updated in their condition, once", () => {
  const stuck = pod("a", { template: "other" });
  const [left] = planRollout(snapshotOf(meshAt2(), [stuck])).notUpgradable;
  assert.equal(left?.condition?.message, '{"mesh":false}');
  const marked = {
    ...stuck,
    status: { ...stuck.status, conditions: [...stuck.status?.conditions ?? [], left.condition] },
  };
  const [again] = planRollout(snapshotOf(meshAt2(), [marked])).notUpgradable;
  assert.equal(again?.pod.metadata.name, "a");
  assert.equal(again?.condition, undefined);
});

Deno.test("planRollout() empties the old half of a pair while another Pod is updated", () => {
  const done = hotPod("done", {
    images: ["agent:1", "agent:2"],
    working: "agent-2",
    hash: "hash-2",
  });
  const old = hotPod("old", { images: ["agent:1", "empty:1"], working: "agent-1" });
  const plan = planRollout(snapshotOf(hotMeshAt2({ maxUnavailable: 2 }), [done, old]));
  assert.deepEqual(plan.flips.map(({ name }) => name), ["done"]);
  assert.deepEqual(plan.updates.map(({ name }) => name), ["old"]);
});

Deno.test("planRollout() finishes a hot upgrade while the SidecarSet is paused", () => {
  const done = hotPod("done", {
    images: ["agent:1", "agent:2"],
    working: "agent-2",
    hash: "hash-2",
  });
  const plan = planRollout(snapshotOf(hotMeshAt2({ paused: true }), [done]));
  assert.deepEqual(plan.flips.map(({ name }) => name), ["done"]);
});

Deno.test("planRollout() counts an unexpected image as in flight until the update ends", () => {
  const rewritten = pod("a", { image: "mirror/agent:2", hash: "hash-2", generation: 2 });
  const mesh = meshAt2({ driftPolicy: "Repair" });
  const pending = new Set([rewritten.metadata.uid ?? ""]);
  const plan = planRollout({ ...snapshotOf(mesh, [rewritten]), pending });
  assert.deepEqual([plan.updates, plan.reason], [[], "RollingOut"]);
});

Deno.test("planRollout() puts a changed image right only where the policy is Repair", () => {
  const changed = pod("a", { image: "evil:1", hash: "hash-2", generation: 2 });
  const report = planRollout(snapshotOf(meshAt2({ driftPolicy: "Report" }), [changed]));
  assert.deepEqual(report.updates, []);
  const [repair] = planRollout(snapshotOf(meshAt2({ driftPolicy: "Repair" }), [changed])).updates;
  assert.equal(repair?.kind, "Repair");
  assert.deepEqual(repair?.patch.spec, { containers: [{ name: "agent", image: "agent:2" }] });
});
