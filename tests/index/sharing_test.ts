import assert from "node:assert/strict";
import { sharedPod, Sharing } from "../../lib/index/sharing.ts";
import { deepFrozen } from "../support/deep_frozen.ts";

const pod = (name: string) =>
  deepFrozen({
    metadata: { name, namespace: "shop", uid: `uid-of-${name}`, labels: { app: "web" } },
    spec: { containers: [{ name: "main", image: "main:1" }], nodeName: "node-1" },
    status: { phase: "Running" as const },
  });

Deno.test("sharedPod() gives siblings the same parts and leaves each Pod as it is", () => {
  const sharing = new Sharing();
  const [a, b] = [sharedPod(pod("a"), sharing), sharedPod(pod("b"), sharing)];
  assert.deepEqual([a, b], [pod("a"), pod("b")]);
  assert.equal(a.metadata.labels, b.metadata.labels);
  assert.equal(a.spec.containers, b.spec.containers);
  assert.equal(a.status, b.status);
});

Deno.test("Sharing begins anew when it remembers too much, and still answers equal parts", () => {
  const sharing = new Sharing();
  for (let i = 0; i < 25_000; i++) assert.deepEqual(sharing.share({ i }), { i });
});

Deno.test("Sharing remembers no more text of large parts than of many small ones", () => {
  const sharing = new Sharing();
  const large = (i: number) => ({ note: `${i}${"x".repeat(200_000)}` });
  const first = large(0);
  sharing.share(first);
  assert.equal(sharing.share(large(0)), first);
  for (let i = 1; i < 100; i++) sharing.share(large(i));
  assert.notEqual(sharing.share(large(0)), first, "it has begun anew");
});
