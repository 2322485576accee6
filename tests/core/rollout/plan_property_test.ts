import assert from "node:assert/strict";
import fc from "fast-check";
import type { Pod } from "../../../lib/api/pod.ts";
import type { IntOrPercent, UpdateStrategy } from "../../../lib/api/strategies.ts";
import { partitionSize, unavailableLimit } from "../../../lib/core/rollout/budget.ts";
import type { RolloutSnapshot } from "../../../lib/core/rollout/contract.ts";
import { planRollout } from "../../../lib/core/rollout/plan.ts";
import { runAtOnce } from "../../../lib/core/steps.ts";
import { applyPodUpdate, settle } from "../../compat/rollout/cluster.ts";
import { meshAt2, pod, snapshotOf } from "./scene.ts";

const amount: fc.Arbitrary<IntOrPercent> = fc.oneof(
  fc.nat({ max: 12 }),
  fc.nat({ max: 120 }).map((percent) => `${percent}%`),
);

const strategy: fc.Arbitrary<UpdateStrategy> = fc.record({
  partition: amount,
  maxUnavailable: amount,
  priorityStrategy: fc.constantFrom<UpdateStrategy["priorityStrategy"]>(
    { orderPriority: [{ orderedKey: "zone" }] },
    { weightPriority: [{ weight: 3, matchSelector: { matchLabels: { zone: "z-1" } } }] },
  ),
  scatterStrategy: fc.constantFrom([], [{ key: "zone", value: "*" }]),
});

const pods: fc.Arbitrary<Pod[]> = fc.array(
  fc.record({
    ready: fc.boolean(),
    updated: fc.boolean(),
    upgradable: fc.boolean(),
    zone: fc.constantFrom("z-1", "z-2", "none"),
  }),
  { maxLength: 12 },
).map((all) =>
  all.map(({ ready, updated, upgradable, zone }, i) =>
    pod(`p${i}`, {
      ready,
      hash: updated ? "hash-2" : "hash-1",
      image: updated ? "agent:2" : "agent:1",
      template: upgradable ? "template" : "other",
      labels: { zone },
    })
  )
);

function downAfter(all: readonly Pod[], updatedNames: ReadonlySet<string>): number {
  return all.filter((pod) =>
    updatedNames.has(pod.metadata.name ?? "") ||
    pod.status?.containerStatuses?.some(({ ready }) => !ready)
  ).length;
}

function plannedNames(used: UpdateStrategy, all: readonly Pod[]): string[] {
  return planRollout(snapshotOf(meshAt2(used), all)).updates.map(({ name }) => name);
}

Deno.test("planRollout() never makes more Pods unavailable than maxUnavailable allows", () => {
  fc.assert(fc.property(strategy, pods, (used, all) => {
    const limit = unavailableLimit(used.maxUnavailable, all.length);
    const before = downAfter(all, new Set());
    const after = downAfter(all, new Set(plannedNames(used, all)));
    assert.ok(after <= Math.max(limit, before), `${after} down, ${before} before, limit ${limit}`);
  }));
});

Deno.test("planRollout() leaves at least as many Pods outdated as the partition says", () => {
  fc.assert(fc.property(strategy, pods, (used, all) => {
    const { outdated } = snapshotOf(meshAt2(used), all);
    const kept = Math.min(partitionSize(used.partition, all.length), outdated.length);
    assert.ok(outdated.length - plannedNames(used, all).length >= kept);
  }));
});

Deno.test("planRollout() gives the same plan for the same snapshot", () => {
  fc.assert(fc.property(strategy, pods, (used, all) => {
    assert.deepEqual(
      planRollout(snapshotOf(meshAt2(used), all)),
      planRollout(snapshotOf(meshAt2(used), all)),
    );
  }));
});

Deno.test("planRollout() keeps what it has no room for, in the order of a plan with room for all", () => {
  const ready = pods.map((all) => all.map(settle));
  fc.assert(fc.property(strategy, ready, fc.integer({ min: 1, max: 4 }), (used, all, room) => {
    const plan = planRollout(snapshotOf(meshAt2(used), all, { room }));
    const portions = [plan.updates];
    const { further } = plan;
    while (further?.isDone === false) portions.push(runAtOnce(further.take(room)));
    assert.ok(portions.every(({ length }) => length <= room));
    assert.deepEqual(portions.flat().map(({ name }) => name), plannedNames(used, all));
  }));
});

Deno.test("planRollout() compares what it has no room for with the budget of the time when it is taken", () => {
  const all = ["a", "b", "c", "d"].map((name) => pod(name));
  const counts = { ...snapshotOf(meshAt2({}), all).counts };
  const snapshot = { ...snapshotOf(meshAt2({ maxUnavailable: 3 }), all, { room: 1 }), counts };
  const { updates, further } = planRollout(snapshot);
  assert.deepEqual(updates.map(({ name }) => name), ["a"]);
  assert.ok(further);
  counts.readyPods -= 1;
  assert.deepEqual(runAtOnce(further.take(3)).map(({ name }) => name), ["b"]);
  assert.equal(further.isDone, true);
});

Deno.test("planRollout() reserves budget for Pods that became ready before their updates took them down", () => {
  const all = [pod("a", { ready: false }), pod("b"), pod("c")];
  const strategy = { maxUnavailable: 1 };
  const facts: Partial<RolloutSnapshot>[] = [
    { room: 1 },
    { room: 0, pending: new Set(["uid-a"]) },
  ];
  for (const fact of facts) {
    const counts = { ...snapshotOf(meshAt2(strategy), all).counts };
    const { further } = planRollout({ ...snapshotOf(meshAt2(strategy), all, fact), counts });
    assert.ok(further);
    counts.readyPods += 1;
    assert.deepEqual(runAtOnce(further.take(3)), []);
  }
});

Deno.test("planRollout() keeps no updates for later where Pods have to be ready for minReadySeconds", () => {
  const all = ["a", "b"].map((name) => pod(name));
  const strategy = { maxUnavailable: 2, minReadySeconds: 1 };
  const plan = planRollout(snapshotOf(meshAt2(strategy), all, { room: 1 }));
  assert.deepEqual([plan.updates.length, plan.further], [1, undefined]);
});

Deno.test("planRollout() calls a roll-out under way that only waits for room", () => {
  assert.equal(planRollout(snapshotOf(meshAt2(), [pod("a")], { room: 0 })).reason, "RollingOut");
});

Deno.test("planRollout() plans each Pod once, and only outdated ones", () => {
  fc.assert(fc.property(strategy, pods, (used, all) => {
    const names = plannedNames(used, all);
    const outdated = snapshotOf(meshAt2(used), all).outdated.map((pod) => pod.metadata.name);
    assert.equal(new Set(names).size, names.length);
    assert.ok(names.every((name) => outdated.includes(name)));
  }));
});

Deno.test("a roll-out of Pods that become ready ends with exactly the partition outdated", () => {
  fc.assert(fc.property(strategy, pods, (used, all) => {
    let current = all.map(settle);
    const upgradable = snapshotOf(meshAt2(used), current).outdated.filter((pod) =>
      pod.metadata.annotations?.["kruise.io/sidecarset-hash-without-image"]?.includes('"template"')
    ).length;
    const limit = unavailableLimit(used.maxUnavailable, all.length);
    const before = snapshotOf(meshAt2(used), current).outdated.length;
    for (let round = 0; round < 30; round++) {
      const updates = planRollout(snapshotOf(meshAt2(used), current)).updates;
      const byName = new Map(updates.map((update) => [update.name, update]));
      current = current.map((pod) => {
        const update = byName.get(pod.metadata.name ?? "");
        return settle(update === undefined ? pod : applyPodUpdate(pod, update));
      });
    }
    const after = snapshotOf(meshAt2(used), current).outdated.length;
    const partition = partitionSize(used.partition, all.length);
    const expected = limit === 0
      ? before
      : Math.max(before - upgradable, Math.min(partition, before));
    assert.equal(after, expected);
  }));
});
