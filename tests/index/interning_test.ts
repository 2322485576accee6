import assert from "node:assert/strict";
import { internedPod, internedStatus, Interning } from "../../lib/index/interning.ts";
import { deepFrozen } from "../support/deep_frozen.ts";

const pod = (name: string) =>
  deepFrozen({
    metadata: { name, namespace: "shop", uid: `uid-of-${name}`, labels: { app: "web" } },
    spec: { containers: [{ name: "main", image: "main:1" }], nodeName: "node-1" },
    status: { phase: "Running" as const },
  });

Deno.test("internedPod() gives siblings the same parts and leaves each Pod as it is", () => {
  const interning = new Interning();
  const [a, b] = [internedPod(pod("a"), interning), internedPod(pod("b"), interning)];
  assert.deepEqual([a, b], [pod("a"), pod("b")]);
  assert.equal(a.metadata.labels, b.metadata.labels);
  assert.equal(a.spec.containers, b.spec.containers);
  assert.equal(a.status, b.status);
});

const status = (name: string, lastTransitionTime = "2026-01-01T00:00:00Z") => {
  const type = "Ready";
  const message = "Every Pod created since effectiveSince has its sidecars";
  const common = { status: "True" as const, reason: "InForce", message, observedGeneration: 1 };
  return deepFrozen({
    observedGeneration: 1,
    latestRevision: `${name}-1`,
    conditions: [{ type, ...common, lastTransitionTime, other: { a: [1] } }],
    effectiveSince: lastTransitionTime,
    unknown: { of: name },
  });
};

Deno.test("internedStatus() gives equal conditions once and leaves each status as it is", () => {
  const interning = new Interning();
  const [a, b] = ["a", "b"].map((name) => internedStatus(status(name), interning));
  assert.deepEqual([a, b], [status("a"), status("b")]);
  assert.equal(a?.conditions, b?.conditions);
  const later = internedStatus(status("c", "2026-01-02T00:00:00Z"), interning);
  assert.deepEqual(later, status("c", "2026-01-02T00:00:00Z"));
  assert.deepEqual(internedStatus({}, interning), {});
});

Deno.test("Interning remembers no more text of large parts than of many small ones", () => {
  const interning = new Interning();
  const large = (i: number) => ({ note: `${i}${"x".repeat(200_000)}` });
  const first = large(0);
  interning.intern(first);
  assert.equal(interning.intern(large(0)), first);
  for (let i = 1; i < 100; i++) interning.intern(large(i));
  assert.notEqual(interning.intern(large(0)), first, "it has started again");
});
