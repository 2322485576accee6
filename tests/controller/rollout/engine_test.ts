import assert from "node:assert/strict";
import { changedBy } from "../../support/changes.ts";
import { isObject } from "../../../lib/api/json.ts";
import type { Pod } from "../../../lib/api/pod.ts";
import type { PreparedSidecarSet } from "../../../lib/core/prepared.ts";
import { runAtOnce } from "../../../lib/core/steps.ts";
import type { ClusterIndex } from "../../../lib/index/cluster.ts";
import { ConnectionError } from "../../../lib/kube/errors.ts";
import { createEngine } from "../../support/engine.ts";
import { ManualClock, settle } from "../../support/manual_clock.ts";
import {
  podOf,
  type PodOptions,
  sidecarSetOf,
  type SidecarSetOptions,
} from "../../support/objects.ts";
import { RecordingClient, type Respond } from "../../support/recording_client.ts";

const signal = new AbortController().signal;
const old = sidecarSetOf();

function newer(options: SidecarSetOptions = {}): PreparedSidecarSet {
  return sidecarSetOf({
    generation: 2,
    ...options,
    spec: {
      containers: [{ name: "agent", image: "agent:2" }],
      updateStrategy: { maxUnavailable: "100%" },
      ...options.spec,
    },
  });
}

/** A Pod with the generation that the API server counts. */
function generated(options: PodOptions, generation = 1): Pod {
  const pod = podOf(options);
  return { ...pod, metadata: { ...pod.metadata, generation } };
}

function withImage(pod: Pod, image: string): Pod {
  const containers = pod.spec.containers.map((container) =>
    container.name === "agent" ? { ...container, image } : container
  );
  const statuses = pod.status?.containerStatuses?.map((status) =>
    status.name === "agent" ? { ...status, image } : status
  );
  return {
    ...pod,
    spec: { ...pod.spec, containers },
    status: { ...pod.status, ...(statuses ? { containerStatuses: statuses } : {}) },
  };
}

/** An API server that stores each patched Pod as updated. */
function updatedTo(prepared: PreparedSidecarSet): Respond {
  return ({ path }) => {
    const name = path.split("/pods/")[1] ?? "";
    return podOf({ name, injected: [prepared], resourceVersion: "2" });
  };
}

/** Counts the plans that are made from now on, each of which reads the outdated Pods once. */
function countPlans({ pods }: ClusterIndex): () => number {
  const outdatedKeysOf = pods.outdatedKeysOf.bind(pods);
  let plans = 0;
  pods.outdatedKeysOf = (name) => {
    plans++;
    return outdatedKeysOf(name);
  };
  return () => plans;
}

function setUp(prepared: PreparedSidecarSet, respond?: Respond) {
  const clock = new ManualClock();
  const client = new RecordingClient(respond);
  const { index, rollouts, loop } = createEngine({ client, clock });
  index.applySidecarSet(prepared);
  const advance = async (state = prepared) => {
    const plan = await rollouts.advance(state, signal);
    if (plan === undefined) throw new Error("the SidecarSet is not the one of the index");
    await settle();
    return plan;
  };
  const patched = () =>
    client.requests.filter(({ path }) => path.includes("/pods/"))
      .map(({ path }) => path.split("/pods/")[1]);
  return { clock, client, index, rollouts, loop, advance, patched };
}

Deno.test("Rollouts plans again only when something that plans depend on has changed", async () => {
  const prepared = newer({ spec: { updateStrategy: { partition: 2 } } });
  const { index, rollouts } = setUp(prepared);
  for (const name of ["a", "b"]) index.applyPod(podOf({ name, injected: [old] }));
  index.applyPod(podOf({ name: "c", injected: [prepared] }));
  const refusedOf = async (state: PreparedSidecarSet) =>
    (await rollouts.advance(state, signal))?.refused;
  const first = await rollouts.advance(prepared, signal);
  assert.equal(first?.reason, "PartitionReached");
  assert.equal(await refusedOf(prepared), first.refused);
  index.applyPod(podOf({ name: "c", injected: [prepared], resourceVersion: "2" }));
  assert.equal(await refusedOf(prepared), first.refused, "an updated Pod");
  index.applySidecarSet({ ...prepared });
  assert.equal(await refusedOf({ ...prepared }), first.refused, "the status");
  index.applyPod(podOf({ name: "a", injected: [old], resourceVersion: "2" }));
  assert.notEqual(await refusedOf(prepared), first.refused, "an outdated Pod");
  await settle();
});

Deno.test("Rollouts starts no more writes than there is room for, and goes on as they end", async () => {
  const gate = Promise.withResolvers<void>();
  const prepared = newer();
  const { index, loop, advance, patched } = setUp(prepared, async (request) => {
    await gate.promise;
    return updatedTo(prepared)(request);
  });
  for (let i = 0; i < 400; i++) index.applyPod(podOf({ name: `p${i}`, injected: [old] }));
  await advance();
  assert.equal(loop.inFlight, 256);
  gate.resolve();
  await advance();
  assert.equal(patched().length, 256);
  await advance();
  await advance();
  assert.equal(patched().length, 400);
});

Deno.test("Rollouts reads all Pods once a second at most while a plan has more updates than room", async () => {
  const prepared = newer();
  const { index, clock, advance, patched } = setUp(prepared, updatedTo(prepared));
  for (let i = 0; i < 1_000; i++) index.applyPod(podOf({ name: `p${i}`, injected: [old] }));
  const plans = countPlans(index);
  await advance();
  await advance();
  await advance();
  assert.deepEqual([patched().length, plans()], [768, 1]);
  await clock.advance(1_000);
  await advance();
  assert.deepEqual([patched().length, plans()], [1_000, 2]);
});

Deno.test("Rollouts makes another plan when others change Pods that the last one was made from", async (t) => {
  const prepared = newer({
    spec: { updateStrategy: { maxUnavailable: "100%", partition: "25%" } },
  });
  const cases: Record<string, (index: ClusterIndex, key: string, i: number) => void> = {
    "a kept Pod is deleted": (index, key) => index.deletePod(key),
    "a kept Pod is replaced": (index, key, i) => {
      index.deletePod(key);
      index.applyPod(podOf({ name: `new${i}`, injected: [prepared] }));
    },
    "an updated Pod is added": (index, _key, i) => {
      index.applyPod(podOf({ name: `new${i}`, injected: [prepared] }));
    },
    "a kept Pod is updated": (index, key) => {
      const name = key.split("/")[1] ?? "";
      index.applyPod(podOf({ name, injected: [prepared], resourceVersion: "2" }));
    },
  };
  for (const [name, change] of Object.entries(cases)) {
    await t.step(name, async () => {
      const { index, advance } = setUp(prepared, updatedTo(prepared));
      for (let i = 0; i < 800; i++) {
        index.applyPod(podOf({ name: `p${String(i).padStart(3, "0")}`, injected: [old] }));
      }
      await advance();
      const kept = index.pods.outdatedKeysOf("web").toSorted().slice(-200);
      for (const [i, key] of kept.entries()) change(index, key, i);
      for (let i = 0; i < 5; i++) await advance();
      const { matchedPods, updatedPods } = index.pods.countsOf("web");
      assert.equal(matchedPods - updatedPods, matchedPods / 4);
    });
  }
});

Deno.test("Rollouts keeps no updates of a plan when leadership changes", async () => {
  const prepared = newer();
  const { index, rollouts, advance, patched } = setUp(prepared, updatedTo(prepared));
  for (let i = 0; i < 300; i++) index.applyPod(podOf({ name: `p${i}`, injected: [old] }));
  await advance();
  rollouts.forgetPlans();
  const plans = countPlans(index);
  await advance();
  assert.deepEqual([patched().length, plans()], [300, 1]);
});

Deno.test("Rollouts drops updates that a plan has left when the SidecarSet changes meanwhile", async () => {
  const prepared = newer();
  const clock = new ManualClock();
  const client = new RecordingClient(updatedTo(prepared));
  let meanwhile = () => {};
  const { index, rollouts } = createEngine({
    client,
    clock,
    runSteps: (steps) => {
      const value = runAtOnce(steps);
      meanwhile();
      return Promise.resolve(value);
    },
  });
  index.applySidecarSet(prepared);
  for (let i = 0; i < 300; i++) index.applyPod(podOf({ name: `p${i}`, injected: [old] }));
  const advance = async (state: PreparedSidecarSet) => {
    const plan = await rollouts.advance(state, signal);
    await settle();
    return plan;
  };
  await advance(prepared);
  assert.equal(client.requests.length, 256);
  const paused = newer({ generation: 3, spec: { updateStrategy: { paused: true } } });
  meanwhile = () => index.applySidecarSet(paused);
  assert.equal(await advance(prepared), undefined);
  assert.equal((await advance(paused))?.reason, "Paused");
  assert.equal(client.requests.length, 256);
});

Deno.test("Rollouts does not send a patch for a state of the Pod that is over", async () => {
  const gate = Promise.withResolvers<void>();
  const { index, advance, patched } = setUp(newer(), async ({ body }) => {
    await gate.promise;
    return { metadata: {}, spec: { containers: [] }, ...Object(body) };
  });
  for (let i = 0; i < 20; i++) index.applyPod(podOf({ name: `p${i}`, injected: [old] }));
  await advance();
  const begun = new Set(patched());
  const waiting = Array.from({ length: 20 }, (_, i) => `p${i}`).filter((name) => !begun.has(name));
  assert.equal(waiting.length, 4);
  for (const name of waiting) {
    index.applyPod(podOf({ name, injected: [old], resourceVersion: "2" }));
  }
  gate.resolve();
  await settle();
  assert.equal(patched().some((path) => waiting.includes(path ?? "")), false);
});

Deno.test("Rollouts counts a Pod as unavailable while the outcome of its write is unknown", async () => {
  const prepared = newer({ spec: { updateStrategy: { maxUnavailable: 1 } } });
  const { index, clock, advance, patched } = setUp(prepared, ({ method, path }) => {
    throw new ConnectionError({ method, path, problem: "no answer" });
  });
  for (const name of ["a", "b"]) index.applyPod(podOf({ name, injected: [old] }));
  await advance();
  for (let second = 0; second < 20; second++) {
    await clock.advance(1_000);
    await advance();
  }
  assert.deepEqual([...new Set(patched())], ["a"], "the other Pod has to wait");
  assert.ok(patched().length > 2, "the same write may be sent again: only one can take effect");
  index.applyPod(podOf({ name: "a", injected: [prepared], resourceVersion: "2" }));
  await clock.advance(5_000);
  await advance();
  assert.deepEqual([...new Set(patched())], ["a", "b"]);
});

Deno.test("Rollouts tries again when an unknown outcome has expired without a trace", async () => {
  const answers = [{ httpCode: 500 }];
  const { index, clock, advance, patched } = setUp(
    newer(),
    ({ body }) => answers.shift() ?? { metadata: {}, spec: { containers: [] }, ...Object(body) },
  );
  index.applyPod(podOf({ name: "a", injected: [old] }));
  await advance();
  const { waitUntil = 0 } = await advance();
  assert.ok(waitUntil > clock.now().getTime());
  await clock.advance(5_000);
  await advance();
  assert.equal(patched().filter((path) => path === "a").length, 2);
});

Deno.test("Rollouts keeps no state of deleted Pods or deleted SidecarSets", async () => {
  const { index, rollouts, advance } = setUp(newer(), () => ({ httpCode: 422 }));
  index.applyPod(podOf({ name: "a", injected: [old] }));
  await advance();
  assert.match((await advance()).detail ?? "", /Pod default\/a/);
  index.deletePod("default/a");
  assert.equal((await advance()).detail, undefined);
  index.deleteSidecarSet("web");
  assert.equal(rollouts.release("web", signal), undefined);
  assert.equal(rollouts.size, 0);
});

Deno.test("Rollouts keeps no state of a SidecarSet without Pods", async () => {
  const { index, rollouts, advance } = setUp(newer());
  assert.equal((await advance()).reason, "UpToDate");
  assert.equal(rollouts.size, 0);
  assert.deepEqual(rollouts.pendingOf("web"), new Set());
  index.applyPod(podOf({ name: "a", injected: [old] }));
  await advance();
  assert.equal(rollouts.size, 1);
  index.deletePod("default/a");
  await advance();
  assert.equal(rollouts.size, 0);
});

Deno.test("Rollouts removes a Pod's condition for a deleted SidecarSet", async () => {
  const { client, index, rollouts } = setUp(newer(), ({ body }) => podWith(Object(body)));
  const pod = podOf({ name: "a" });
  const podWith = (body: Pod): Pod => ({
    ...pod,
    metadata: { ...pod.metadata, resourceVersion: "2" },
    status: { ...pod.status, ...body.status },
  });
  const conditions = [{ type: "SidecarSetUpgradable", status: "False", message: '{"gone":false}' }];
  const names = changedBy(
    index,
    () => index.applyPod({ ...pod, status: { ...pod.status, conditions } }),
  );
  assert.ok(names.includes("gone"), "the SidecarSet is requeued although it is deleted");
  rollouts.release("gone", signal);
  await settle();
  const request = client.requests[0] ?? { path: "", body: undefined };
  assert.match(request.path, /\/pods\/a\/status$/);
  assert.ok(isObject(request.body));
  const { status } = request.body;
  assert.ok(isObject(status) && Array.isArray(status.conditions));
  assert.equal(status.conditions[0].status, "True");
  index.applyPod(podWith({ metadata: {}, spec: { containers: [] }, status: { conditions: [] } }));
  assert.equal(rollouts.release("gone", signal), undefined);
  assert.equal(rollouts.size, 0);
});

Deno.test("Rollouts upgrades a Pod in one write, and a second one only takes back a denial", async () => {
  const { index, advance, patched } = setUp(newer(), ({ path, body }) => {
    const { metadata, status } = Object(body);
    const pod = index.pods.get(`default/${path.includes("/denied") ? "denied" : "plain"}`);
    const annotations = { ...pod?.metadata.annotations, ...metadata.annotations };
    return {
      ...withImage(podOf({ uid: pod?.metadata.uid ?? "" }), "agent:2"),
      metadata: { ...pod?.metadata, annotations, resourceVersion: `${versions++}` },
      status: { ...pod?.status, ...status },
    };
  });
  let versions = 2;
  const conditions = [{ type: "SidecarSetUpgradable", status: "False", message: '{"web":false}' }];
  const denied = podOf({ name: "denied", injected: [old] });
  index.applyPod({ ...denied, status: { ...denied.status, conditions } });
  index.applyPod(podOf({ name: "plain", injected: [old] }));
  for (let round = 0; round < 4; round++) await advance();
  assert.deepEqual(patched().toSorted(), ["denied", "denied/status", "plain"]);
});

Deno.test("Rollouts reports drift, and puts it right with driftPolicy Repair", async () => {
  const { index, advance, patched } = setUp(old);
  index.applyPod(withImage(generated({ name: "a", injected: [old] }, 2), "odd:1"));
  const plan = await advance();
  assert.equal(plan.reason, "ImagesDrifted");
  assert.match(plan.detail ?? "", /1 Pods, .*agent of Pod default\/a has odd:1 instead of agent:1/);
  assert.deepEqual(patched(), []);
  const repairing = sidecarSetOf({
    generation: 2,
    resourceVersion: "2",
    spec: { updateStrategy: { driftPolicy: "Repair" } },
  });
  index.applySidecarSet(repairing);
  await advance(repairing);
  assert.deepEqual(patched(), ["a"]);
});

Deno.test("Rollouts names the first of several drifted Pods, in whatever order they come", async () => {
  const { index, advance } = setUp(old);
  for (const name of ["b", "a", "c"]) {
    index.applyPod(withImage(generated({ name, injected: [old] }, 2), "odd:1"));
  }
  const plan = await advance();
  assert.match(plan.detail ?? "", /3 Pods, .*agent of Pod default\/a has odd:1/);
});

Deno.test("Rollouts records images that were rewritten before the Pod was stored", async () => {
  const { client, index, advance } = setUp(old, ({ body }) => ({
    ...podOf({ name: "a" }),
    ...Object(body),
  }));
  index.applyPod(withImage(generated({ name: "a", injected: [old] }), "mirror/agent:1"));
  const plan = await advance();
  assert.equal(plan.reason, "UpToDate");
  const body = client.requests[0]?.body;
  assert.ok(isObject(body) && isObject(body.metadata));
  assert.deepEqual(body.metadata.annotations, {
    "kruise.io/sidecarset-stored-images": '{"agent":"mirror/agent:1"}',
  });
});

/** A Pod at the current revision that has been ready since a time. */
function readySince(name: string, prepared: PreparedSidecarSet, since: Date): Pod {
  const pod = podOf({ name, injected: [prepared] });
  const ready = { type: "Ready", status: "True" as const, lastTransitionTime: since.toISOString() };
  return { ...pod, status: { ...pod.status, conditions: [ready] } };
}

Deno.test("Rollouts looks for minReadySeconds at Pods that have changed, not at all", async () => {
  const strategy = { minReadySeconds: 60, maxUnavailable: 2 };
  const prepared = newer({ spec: { updateStrategy: strategy } });
  const { clock, index, advance, patched } = setUp(prepared);
  await clock.advance(3_600_000);
  const now = () => clock.now();
  const long = new Date(now().getTime() - 600_000);
  for (let i = 0; i < 5_000; i++) index.applyPod(readySince(`p${i}`, prepared, long));
  for (const name of ["fresh", "younger"]) index.applyPod(readySince(name, prepared, now()));
  index.applyPod(podOf({ name: "outdated", injected: [old] }));
  const get = index.pods.get.bind(index.pods);
  let looks = 0;
  index.pods.get = (key) => {
    looks++;
    return get(key);
  };
  await advance();
  assert.ok(looks > 5_000, "each was looked at once");
  for (let i = 0; i < 10; i++) {
    looks = 0;
    index.applyPod({
      ...podOf({ name: "outdated", injected: [old], resourceVersion: `${i + 2}` }),
    });
    const { reason } = await advance();
    assert.equal(reason, "WaitingForAvailability");
    assert.ok(looks < 20, `${looks} Pods were looked at for one that has changed`);
  }
  assert.deepEqual(patched(), []);
  await clock.advance(61_000);
  await advance();
  assert.deepEqual(patched(), ["outdated"]);
});

Deno.test("Rollouts counts Pods as unavailable again when minReadySeconds grows", async () => {
  const withSeconds = (minReadySeconds: number, generation: number) =>
    newer({ generation, spec: { updateStrategy: { minReadySeconds, maxUnavailable: 1 } } });
  const prepared = withSeconds(10, 2);
  const { clock, index, advance, patched } = setUp(prepared);
  await clock.advance(3_600_000);
  const since = new Date(clock.now().getTime() - 30_000);
  index.applyPod(readySince("a", prepared, since));
  index.applyPod(podOf({ name: "b", state: "Running", injected: [old] }));
  await advance();
  const before = patched().length;
  index.applyPod(podOf({ name: "c", injected: [old] }));
  const strict = withSeconds(60, 3);
  index.applySidecarSet(strict);
  await advance(strict);
  assert.ok(!patched().slice(before).includes("c"));
});

Deno.test("Rollouts updates equal Pods in the order of their names, however they came", async () => {
  const { index, advance } = setUp(newer({ spec: { updateStrategy: { maxUnavailable: "100%" } } }));
  for (const name of ["c", "a", "b"]) index.applyPod(generated({ name, injected: [old] }));
  const { updates } = await advance();
  assert.deepEqual(updates.map(({ name }) => name), ["a", "b", "c"]);
});

Deno.test("Rollouts drops a plan during which the SidecarSet changed", async () => {
  const prepared = newer({ spec: { updateStrategy: { maxUnavailable: "100%" } } });
  const clock = new ManualClock();
  const client = new RecordingClient();
  const { index, rollouts } = createEngine({
    client,
    clock,
    async runSteps(steps) {
      const { metadata } = prepared.sidecarSet;
      index.applySidecarSet({
        ...prepared,
        sidecarSet: {
          ...prepared.sidecarSet,
          metadata: { ...metadata, generation: 99, resourceVersion: "99" },
        },
      });
      await settle();
      return runAtOnce(steps);
    },
  });
  index.applySidecarSet(prepared);
  index.applyPod(generated({ name: "a", injected: [old] }));
  assert.equal(await rollouts.advance(prepared, signal), undefined);
  assert.deepEqual(client.requests, []);
});

Deno.test("Rollouts leaves Pods alone that left the selection during the plan, or while a write waited", async () => {
  const prepared = newer({ spec: { namespaceSelector: { matchLabels: { sidecars: "on" } } } });
  const clock = new ManualClock();
  const gate = Promise.withResolvers<void>();
  const client = new RecordingClient(async ({ body }) => {
    await gate.promise;
    return { metadata: {}, spec: { containers: [] }, ...Object(body) };
  });
  const { index, rollouts } = createEngine({ client, clock });
  const select = (namespace: string, sidecars: string) =>
    index.applyNamespace({ metadata: { name: namespace, labels: { sidecars } } });
  index.applySidecarSet(prepared);
  for (const namespace of ["a", "b"]) {
    select(namespace, "on");
    for (let i = 0; i < 20; i++) {
      index.applyPod(generated({ name: `p${i}`, namespace, injected: [old] }));
    }
  }
  const outdatedKeysOf = index.pods.outdatedKeysOf.bind(index.pods);
  index.pods.outdatedKeysOf = (name) => {
    const keys = outdatedKeysOf(name);
    // As if the plan had paused behind this step.
    select("a", "off");
    return keys;
  };
  await rollouts.advance(prepared, signal);
  await settle();
  const namespaces = () => client.requests.map(({ path }) => path.split("/")[4]);
  const begun = namespaces();
  assert.ok(begun.length > 0 && begun.length < 20);
  assert.ok(begun.every((namespace) => namespace === "b"));
  select("b", "off");
  gate.resolve();
  await settle();
  assert.equal(namespaces().length, begun.length);
});
