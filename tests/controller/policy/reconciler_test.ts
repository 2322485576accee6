import assert from "node:assert/strict";
import * as fc from "fast-check";
import { type SetState, SimulatedCluster } from "./simulated_cluster.ts";

const factsOf = (cluster: SimulatedCluster, name = "web") => {
  const prepared = cluster.sidecarSets.get(name);
  assert.ok(prepared);
  return cluster.policy.factsOf(prepared, { inForceSince: "2026-01-01T00:00:00Z" });
};

/** A cluster whose SidecarSet web is injected by the policy alone. */
async function settled(state: SetState = {}): Promise<SimulatedCluster> {
  const cluster = new SimulatedCluster();
  cluster.put("web", state);
  cluster.start();
  await cluster.clock.advance(10_000);
  return cluster;
}

Deno.test("PolicyReconciler leaves a SidecarSet to the policy once API servers use it", async () => {
  const cluster = new SimulatedCluster();
  cluster.put("web", {});
  cluster.start();
  await cluster.clock.advance(900);
  assert.deepEqual(cluster.injectorsOf("web"), ["Webhook"]);
  assert.equal(factsOf(cluster).isPolicySettling, true);
  await cluster.clock.advance(9_000);
  assert.deepEqual(cluster.injectorsOf("web"), ["Policy"]);
  const { isPolicySettling, inForceSince } = factsOf(cluster);
  assert.equal(isPolicySettling, undefined);
  assert.ok(inForceSince);
  cluster.stop();
});

Deno.test("PolicyReconciler keeps a SidecarSet in the policy while only its template changes", async () => {
  const cluster = await settled();
  cluster.put("web", { image: "agent:2" });
  assert.equal(factsOf(cluster).isPolicySettling, true, "before the change is planned");
  for (let i = 0; i < 100; i++) {
    await cluster.clock.advance(100);
    assert.deepEqual(cluster.injectorsOf("web"), ["Policy"]);
  }
  assert.equal(factsOf(cluster).isPolicySettling, undefined);
  cluster.stop();
});

Deno.test("PolicyReconciler deletes the policy with its last SidecarSet", async () => {
  const cluster = await settled();
  cluster.sidecarSets.clear();
  await cluster.clock.advance(1_000);
  assert.equal(cluster.stored.policy, undefined);
  assert.equal(cluster.stored.binding, undefined);
  cluster.stop();
});

Deno.test("PolicyReconciler gives the reason why the webhook injects", async () => {
  const dependent = await settled({ isDependent: true });
  assert.equal(factsOf(dependent).fallback?.reason, "PolicyUnsupported");
  assert.ok(factsOf(dependent).inForceSince);
  assert.deepEqual(dependent.injectorsOf("web"), ["Webhook"]);
  dependent.stop();
  const cluster = await settled();
  cluster.support = { isServed: false, problem: "the API server does not serve it" };
  await cluster.clock.advance(1_000);
  assert.equal(factsOf(cluster).fallback?.reason, "PolicyUnavailable");
  assert.match(factsOf(cluster).fallback?.message ?? "", /the API server does not serve it$/);
  cluster.stop();
});

Deno.test("PolicyReconciler returns a SidecarSet to the webhook where no API server applies the policy", async () => {
  const cluster = new SimulatedCluster();
  cluster.delays = { ...cluster.delays, policy: 3_600_000 };
  cluster.put("web", {});
  cluster.start();
  await cluster.clock.advance(30_000);
  assert.equal(factsOf(cluster).isPolicySettling, true);
  await cluster.clock.advance(45_000);
  assert.deepEqual(cluster.injectorsOf("web"), ["Webhook"]);
  assert.equal(factsOf(cluster).fallback?.reason, "PolicyUnavailable");
  assert.equal(factsOf(cluster).isPolicySettling, undefined);
  cluster.stop();
});

Deno.test("PolicyReconciler of a new leader trusts a policy that was stored long before", async () => {
  const cluster = await settled();
  await cluster.clock.advance(60_000);
  cluster.restart();
  await cluster.clock.advance(50);
  assert.equal(factsOf(cluster).isPolicySettling, undefined);
  for (let i = 0; i < 50; i++) {
    await cluster.clock.advance(100);
    assert.deepEqual(cluster.injectorsOf("web"), ["Policy"]);
  }
  cluster.stop();
});

Deno.test("PolicyReconciler repairs a deleted policy, and the webhook injects meanwhile", async () => {
  const cluster = await settled();
  cluster.deletePolicy();
  await cluster.clock.advance(200);
  assert.ok(cluster.stored.policy, "it is written again");
  assert.equal(factsOf(cluster).isPolicySettling, true);
  await cluster.clock.advance(300);
  assert.ok(cluster.injectorsOf("web").includes("Webhook"));
  await cluster.clock.advance(10_000);
  assert.deepEqual(cluster.injectorsOf("web"), ["Policy"]);
  cluster.stop();
});

const states = fc.record({
  mechanism: fc.constantFrom("Webhook" as const, "Policy" as const),
  isDependent: fc.boolean(),
  image: fc.constantFrom("agent:1", "agent:2"),
});
const steps = fc.oneof(
  { weight: 6, arbitrary: fc.record({ put: fc.constantFrom("set-a", "set-b"), state: states }) },
  { weight: 1, arbitrary: fc.constant("restart" as const) },
);
const delays = fc.record({
  write: fc.integer({ min: 0, max: 300 }),
  webhook: fc.integer({ min: 0, max: 2_000 }),
  policy: fc.integer({ min: 0, max: 2_500 }),
});

Deno.test("a SidecarSet that is injected stays injected, by the policy or by the webhook", async () => {
  const timeline = fc.array(
    fc.record({ step: steps, delays, milliseconds: fc.integer({ min: 50, max: 8_000 }) }),
    { minLength: 1, maxLength: 12 },
  );
  await fc.assert(
    fc.asyncProperty(timeline, async (timeline) => {
      const cluster = new SimulatedCluster();
      for (const name of ["set-a", "set-b"]) cluster.put(name, {});
      cluster.start();
      await cluster.clock.advance(10_000);
      for (const { step, delays, milliseconds } of timeline) {
        cluster.delays = delays;
        if (step === "restart") cluster.restart();
        else cluster.put(step.put, step.state);
        for (let passed = 0; passed < milliseconds; passed += 50) {
          await cluster.clock.advance(50);
          for (const name of ["set-a", "set-b"]) {
            assert.ok(cluster.injectorsOf(name).length > 0, `${name} is injected by neither`);
          }
        }
      }
      cluster.stop();
      await cluster.clock.advance(10_000);
    }),
    { numRuns: 15, endOnFailure: true },
  );
});
