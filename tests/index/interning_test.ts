import assert from "node:assert/strict";
import { internedPod, Interning } from "../../lib/index/interning.ts";
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

Deno.test("Interning remembers no more text of large parts than of many small ones", () => {
  const interning = new Interning();
  const large = (i: number) => ({ note: `${i}${"x".repeat(200_000)}` });
  const first = large(0);
  interning.intern(first);
  assert.equal(interning.intern(large(0)), first);
  for (let i = 1; i < 100; i++) interning.intern(large(i));
  assert.notEqual(interning.intern(large(0)), first, "it has started again");
});
