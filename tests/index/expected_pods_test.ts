import assert from "node:assert/strict";
import { ExpectedPods } from "../../lib/index/expected_pods.ts";

Deno.test("ExpectedPods counts Pods until a watch has sent them", () => {
  const expected = new ExpectedPods();
  for (const pinned of [true, false, true]) expected.add("web", { pinned, at: 0 });
  assert.deepEqual(expected.of("web", 1), { matched: 3, pinned: 2 });
  expected.arrived("web", true);
  assert.deepEqual(expected.of("web", 1), { matched: 2, pinned: 1 });
  expected.arrived("web", false);
  expected.arrived("web", false);
  assert.deepEqual(expected.of("web", 1), { matched: 1, pinned: 1 }, "of the same kind only");
  assert.deepEqual(expected.of("other", 1), { matched: 0, pinned: 0 });
});

Deno.test("ExpectedPods drops Pods that were never stored", () => {
  const expected = new ExpectedPods();
  expected.add("web", { pinned: true, at: 0 });
  expected.add("web", { pinned: true, at: 5_000 });
  assert.deepEqual(expected.of("web", 9_999), { matched: 2, pinned: 2 });
  assert.deepEqual(expected.of("web", 10_000), { matched: 1, pinned: 1 });
  assert.deepEqual(expected.of("web", 15_000), { matched: 0, pinned: 0 });
});
