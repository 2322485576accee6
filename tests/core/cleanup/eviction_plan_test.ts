import assert from "node:assert/strict";
import * as fc from "fast-check";
import type { ObservedPod } from "../../../lib/core/observed_pod.ts";
import { RECREATING_KINDS } from "../../../lib/core/cleanup/eviction.ts";
import type { EvictionGuard } from "../../../lib/core/cleanup/eviction_guards.ts";
import {
  type EvictionSnapshot,
  planEvictions as planInSteps,
  withEvictions,
} from "../../../lib/core/cleanup/eviction_plan.ts";
import { runAtOnce } from "../../../lib/core/steps.ts";
import { deepFrozen } from "../../support/deep_frozen.ts";
import { pod } from "../rollout/scene.ts";

const now = new Date("2026-06-01T12:00:00Z");

const planEvictions = (snapshot: EvictionSnapshot) => runAtOnce(planInSteps(snapshot));

interface Details {
  workload?: string;
  created?: string;
  ready?: boolean;
  deleted?: boolean;
  phase?: string;
}

/** A Pod of a ReplicaSet; those whose names begin with "new" are up to date. */
function owned(name: string, details: Details = {}): ObservedPod {
  const { workload = "w", created = "2026-05-01T00:00:00Z", ready = true, deleted, phase } =
    details;
  const owner = { apiVersion: "apps/v1", kind: "ReplicaSet", name: workload, uid: workload };
  const { metadata, spec, status } = pod(name, { ready });
  return {
    metadata: {
      ...metadata,
      creationTimestamp: created,
      ownerReferences: [{ ...owner, controller: true }],
      ...(deleted ? { deletionTimestamp: "2026-06-01T12:00:30Z" } : {}),
    },
    spec,
    status: { ...status, ...(phase ? { phase } : {}) },
  };
}

const guard: EvictionGuard = {
  workload: "w",
  pod: "uid-evicted",
  attempts: 1,
  lastEviction: "2026-06-01T11:59:50Z",
  newestPod: "2026-05-01T00:00:00Z",
  leftAlone: false,
  observedGeneration: 2,
};

function snapshot(
  pods: readonly ObservedPod[],
  facts: Partial<EvictionSnapshot> = {},
): EvictionSnapshot {
  const isUpToDate = ({ metadata: { name = "" } }: ObservedPod) => name.startsWith("new");
  return deepFrozen({
    candidates: pods.filter((each) =>
      !isUpToDate(each) && each.metadata.deletionTimestamp === undefined
    ),
    isUpToDate,
    podsOf: (workload: string) =>
      pods.filter(({ metadata }) => metadata.ownerReferences?.[0]?.uid === workload),
    knownObstacleOf: () => undefined,
    observedObstacleOf: () => undefined,
    guards: [],
    generation: 2,
    recreatingKinds: RECREATING_KINDS,
    webhookReady: true,
    unavailable: 0,
    maxUnavailable: 10,
    now,
    ...facts,
  });
}

const names = (pods: readonly ObservedPod[]) => pods.map(({ metadata }) => metadata.name);

Deno.test("planEvictions() takes one Pod of each workload", () => {
  const pods = [owned("a"), owned("b"), owned("c", { workload: "v" })];
  assert.deepEqual(names(planEvictions(snapshot(pods)).evictions), ["a", "c"]);
});

Deno.test("planEvictions() stays within the budget, and says what holds it back", () => {
  const pods = ["u", "v", "w"].map((workload) => owned(`of-${workload}`, { workload }));
  const plan = planEvictions(snapshot(pods, { maxUnavailable: 3, unavailable: 1 }));
  assert.equal(plan.evictions.length, 2);
  assert.equal(plan.objection?.reason, "BudgetUsed");
});

Deno.test("planEvictions() leaves a workload while one of its Pods is not ready or being deleted", () => {
  for (const details of [{ ready: false }, { deleted: true }]) {
    const pods = [owned("a"), owned("new-b", details)];
    assert.equal(planEvictions(snapshot(pods)).objection?.reason, "WorkloadNotReady");
  }
  const ended = [owned("a"), owned("new-b", { phase: "Failed" })];
  assert.deepEqual(names(planEvictions(snapshot(ended)).evictions), ["a"]);
});

Deno.test("planEvictions() counts a Pod as unavailable until its replacement has been created", () => {
  const other = owned("a", { workload: "v" });
  const rest = owned("new-rest");
  const waiting = snapshot([other, owned("old"), rest], { guards: [guard], maxUnavailable: 1 });
  assert.equal(planEvictions(waiting).evictions.length, 0);
  const created = owned("new-c", { created: "2026-06-01T11:59:55Z" });
  const replaced = snapshot([other, rest, created], { guards: [guard], maxUnavailable: 1 });
  assert.deepEqual(names(planEvictions(replaced).evictions), ["a"]);
  assert.deepEqual(planEvictions(replaced).guards, []);
});

Deno.test("planEvictions() counts an evicted Pod as unavailable before the watch reports it", () => {
  const evicted = owned("evicted");
  const guards = [{ ...guard, lastEviction: "2026-06-01T11:59:59Z" }];
  const facts = { guards, maxUnavailable: 1 };
  const pods = [evicted, owned("a", { workload: "v" })];
  const plan = planEvictions(snapshot(pods, facts));
  assert.deepEqual(names(plan.evictions), []);
  const later = new Date(plan.waitUntil ?? 0);
  assert.ok(later.getTime() - now.getTime() <= 5_000, "it may have been refused");
  assert.deepEqual(names(planEvictions(snapshot(pods, { ...facts, now: later })).evictions), ["a"]);
});

Deno.test("planEvictions() does not wait for the replacement of a Pod that was not evicted after all", () => {
  const refused = { ...guard, pod: "uid-old", attempts: 2 };
  const pods = [owned("old"), owned("a", { workload: "v" })];
  const plan = planEvictions(snapshot(pods, { guards: [refused], maxUnavailable: 1 }));
  assert.deepEqual(names(plan.evictions), ["a"]);
  assert.equal(plan.objection?.reason, "EvictionBackoff");
  assert.equal(plan.waitUntil, Date.parse("2026-06-01T12:00:10Z"));
});

Deno.test("planEvictions() leaves a workload with a bad replacement until the SidecarSet changes", () => {
  const pods = [owned("again", { created: "2026-06-01T11:59:55Z" })];
  const plan = planEvictions(snapshot(pods, { guards: [guard] }));
  assert.equal(plan.guards[0]?.leftAlone, true);
  assert.equal(plan.objection?.reason, "WorkloadLeftAlone");
  const changed = planEvictions(snapshot(pods, { guards: plan.guards, generation: 3 }));
  assert.equal(changed.guards[0]?.leftAlone, false);
  assert.equal(changed.guards[0]?.attempts, 1);
});

Deno.test("planEvictions() gives the same guards back where nothing has changed", () => {
  const guards = [{ ...guard, leftAlone: true }];
  const pods = [owned("a")];
  assert.equal(planEvictions(snapshot(pods, { guards })).guards, guards);
});

Deno.test("planEvictions() forgets a workload that will make no replacement", () => {
  const later = new Date(now.getTime() + 3_600_000);
  assert.deepEqual(planEvictions(snapshot([], { guards: [guard], now: later })).guards, []);
});

Deno.test("withEvictions() notes an eviction with the youngest Pod of its workload", () => {
  const evicted = owned("a");
  const pods = [evicted, owned("new-b", { created: "2026-05-02T00:00:00Z" })];
  assert.deepEqual(runAtOnce(withEvictions([], [evicted], snapshot(pods))), [{
    workload: "w",
    pod: "uid-a",
    attempts: 1,
    lastEviction: "2026-06-01T12:00:00Z",
    newestPod: "2026-05-02T00:00:00Z",
    leftAlone: false,
    observedGeneration: 2,
  }]);
});

Deno.test("planEvictions() waits if a workload's youngest Pod was created in this second", () => {
  const pods = [owned("a"), owned("new", { created: "2026-06-01T12:00:00Z" })];
  const early = planEvictions(snapshot(pods));
  assert.deepEqual(early.evictions, []);
  assert.deepEqual([early.objection?.reason, early.waitUntil], [
    "WorkloadNotReady",
    Date.parse("2026-06-01T12:00:01Z"),
  ]);
  const later = planEvictions(snapshot(pods, { now: new Date("2026-06-01T12:00:01Z") }));
  assert.deepEqual(later.evictions.map(({ metadata }) => metadata.name), ["a"]);
});

Deno.test("planEvictions() copes with a workload of 300,000 Pods", () => {
  const first = owned("a");
  const pods = Array.from({ length: 300_000 }, () => first);
  const facts = { ...snapshot([first]), podsOf: () => pods };
  assert.deepEqual(names(planEvictions(facts).evictions), ["a"]);
});

const conflict = { reason: "ContainerNameConflict", message: "agent is there" } as const;

Deno.test("planEvictions() makes a dry run only for a Pod that nothing else keeps", () => {
  const pods = [
    owned("a first one", { workload: "u" }),
    owned("kept", { workload: "v" }),
    owned("new and not ready", { workload: "v", ready: false }),
    owned("fine"),
    owned("of the same workload"),
    owned("beyond the budget", { workload: "x" }),
  ];
  const asked: ObservedPod[] = [];
  const facts = {
    maxUnavailable: 1,
    observedObstacleOf(pod: ObservedPod) {
      asked.push(pod);
      return pod === pods[0] ? conflict : undefined;
    },
  };
  const plan = planEvictions(snapshot(pods, facts));
  assert.deepEqual(names(asked), ["a first one", "fine"]);
  assert.deepEqual(names(plan.evictions), ["fine"]);
  assert.equal(plan.objection?.reason, "ContainerNameConflict");
});

Deno.test("planEvictions() skips Pods with known obstacles, and limits its work", () => {
  const pods = Array.from({ length: 1_000 }, (_, i) => owned(`p${i}`, { workload: `w${i}` }));
  const known = new Map<ObservedPod, typeof conflict>();
  const facts = {
    knownObstacleOf: (pod: ObservedPod) => known.get(pod),
    observedObstacleOf: (pod: ObservedPod) => pod === pods[999] ? undefined : conflict,
  };
  let plans = 0;
  for (
    let plan = planEvictions(snapshot(pods, facts));;
    plan = planEvictions(snapshot(pods, facts))
  ) {
    plans++;
    assert.equal(plan.objection?.pod.metadata.name, "p0");
    assert.ok(plan.obstacles.size <= 200, `${plan.obstacles.size} dry runs`);
    for (const pod of plan.obstacles.keys()) known.set(pod, conflict);
    if (plan.evictions.length > 0) break;
    assert.equal(plan.waitUntil, now.getTime() + 250);
  }
  assert.equal(plans, 5);
});

Deno.test("planEvictions() checks an unready workload once, and no Pod before the webhook is ready", () => {
  const pods = Array.from({ length: 100 }, (_, i) => owned(`p${i}`, { ready: i > 0 }));
  let asked = 0;
  const facts = {
    podsOf(workload: string) {
      asked++;
      return pods.filter(({ metadata }) => metadata.ownerReferences?.[0]?.uid === workload);
    },
  };
  assert.deepEqual(names(planEvictions(snapshot(pods, facts)).evictions), ["p0"]);
  assert.equal(asked, 1);
  assert.equal(planEvictions(snapshot(pods.slice(1), { webhookReady: false })).obstacles.size, 0);
});

Deno.test("planEvictions() takes Pods that are not ready first, whatever the budget", () => {
  const pods = [
    owned("ready", { workload: "a" }),
    owned("crashing", { workload: "b", ready: false }),
    owned("sibling", { workload: "b" }),
    owned("pending", { workload: "c", ready: false, phase: "Pending" }),
  ];
  const facts = { unavailable: 2, maxUnavailable: 1 };
  const plan = planEvictions(snapshot(pods, facts));
  assert.deepEqual(names(plan.evictions), ["crashing", "pending"]);
  assert.deepEqual([plan.objection?.pod.metadata.name, plan.objection?.reason], [
    "ready",
    "BudgetUsed",
  ]);
  const within = planEvictions(snapshot(pods, { unavailable: 2, maxUnavailable: 3 }));
  assert.deepEqual(names(within.evictions), ["crashing", "pending", "ready"]);
});

Deno.test("planEvictions() takes the next unready Pod once the last one has a replacement", () => {
  const evicted = { ...guard, pod: "uid-a", lastEviction: "2026-06-01T11:59:58Z" };
  const left = owned("b", { ready: false });
  const plan = (pods: readonly ObservedPod[], guards = [evicted]) =>
    planEvictions(snapshot(pods, { guards }));
  assert.deepEqual(names(plan([left]).evictions), [], "no replacement yet");
  const replacement = owned("new-a", { created: "2026-06-01T11:59:58Z", ready: false });
  assert.deepEqual(names(plan([left, replacement]).evictions), ["b"]);
  const ready = owned("c");
  assert.deepEqual(
    names(plan([ready, replacement]).evictions),
    [],
    "a ready one waits until the whole workload is ready",
  );
});

Deno.test("planEvictions() keeps the budget, and takes one Pod of a workload, of any mixture of Pods", () => {
  const somePods = fc.array(
    fc.record({ workload: fc.constantFrom("a", "b", "c", "d"), ready: fc.boolean() }),
    { maxLength: 12 },
  );
  fc.assert(fc.property(somePods, fc.nat(4), fc.nat(4), (details, unavailable, maxUnavailable) => {
    const pods = details.map((each, i) => owned(`p${i}`, each));
    const { evictions } = planEvictions(snapshot(pods, { unavailable, maxUnavailable }));
    const workloads = evictions.map(({ metadata }) => metadata.ownerReferences?.[0]?.uid);
    assert.equal(new Set(workloads).size, workloads.length);
    const isReady = (pod: ObservedPod) => details[pods.indexOf(pod)]?.ready === true;
    const taken = evictions.filter(isReady).length;
    assert.ok(taken === 0 || unavailable + taken <= maxUnavailable);
    const unready = new Set(details.filter(({ ready }) => !ready).map(({ workload }) => workload));
    assert.equal(evictions.length - taken, unready.size, "one of each workload with such Pods");
  }));
});

Deno.test("planEvictions() pauses between candidates, the Pods of a workload, and dry runs", () => {
  const pausesOf = (facts: EvictionSnapshot) => {
    const steps = planInSteps(facts);
    let pauses = 0;
    while (!steps.next().done) pauses++;
    return pauses;
  };
  const many = Array.from({ length: 1_000 }, (_, i) => owned(`p${i}`, { workload: `w${i}` }));
  assert.ok(pausesOf(snapshot(many, { maxUnavailable: 0, unavailable: 1 })) >= 10);
  const one = many.map((_, i) => owned(`p${i}`));
  const beside = snapshot([owned("a")], {});
  assert.ok(pausesOf({ ...beside, podsOf: () => one }) >= 10);
  const tried = many.slice(0, 50);
  const obstacle = { reason: "VolumeConflict" as const, message: "" };
  const blocked = { maxUnavailable: 100, observedObstacleOf: () => obstacle };
  assert.ok(pausesOf(snapshot(tried, blocked)) >= 10);
});
