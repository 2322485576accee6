import assert from "node:assert/strict";
import { ExpectedPods } from "../../lib/index/expected_pods.ts";

Deno.test("ExpectedPods counts Pods until a watch has sent them", () => {
  const awaited = new ExpectedPods();
  for (const pinned of [true, false, true]) awaited.add("web", { pinned, at: 0 });
  assert.deepEqual(awaited.of("web", 1), { matched: 3, pinned: 2 });
  awaited.arrived("web", true);
  assert.deepEqual(awaited.of("web", 1), { matched: 2, pinned: 1 });
  awaited.arrived("web", false);
  awaited.arrived("web", false);
  assert.deepEqual(awaited.of("web", 1), { matched: 1, pinned: 1 }, "of its own kind only");
  assert.deepEqual(awaited.of("other", 1), { matched: 0, pinned: 0 });
});

Deno.test("ExpectedPods gives up Pods that were not stored after all", () => {
  const awaited = new ExpectedPods();
  awaited.add("web", { pinned: true, at: 0 });
  awaited.add("web", { pinned: true, at: 5_000 });
  assert.deepEqual(awaited.of("web", 9_999), { matched: 2, pinned: 2 });
  assert.deepEqual(awaited.of("web", 10_000), { matched: 1, pinned: 1 });
  assert.deepEqual(awaited.of("web", 15_000), { matched: 0, pinned: 0 });
});
