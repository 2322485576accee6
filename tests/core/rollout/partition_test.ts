import assert from "node:assert/strict";
import {
  partitionSize,
  unavailableLimit,
  withoutPartition,
} from "../../../lib/core/rollout/budget.ts";

Deno.test("partitionSize() rounds percents up, but keeps all of several Pods only for 100%", () => {
  assert.equal(partitionSize("1%", 5), 1);
  assert.equal(partitionSize("99%", 5), 4);
  assert.equal(partitionSize("100%", 5), 5);
  assert.equal(partitionSize("99%", 1), 1);
});

Deno.test("partitionSize() is at most the number of Pods, and 0 when absent", () => {
  assert.equal(partitionSize(7, 5), 5);
  assert.equal(partitionSize(undefined, 5), 0);
});

Deno.test("unavailableLimit() rounds percents up, and is 1 when absent", () => {
  assert.equal(unavailableLimit("25%", 5), 2);
  assert.equal(unavailableLimit("0%", 5), 0);
  assert.equal(unavailableLimit(undefined, 5), 1);
});

Deno.test("withoutPartition() keeps the last candidates, less those that stay old anyway", () => {
  const candidates = ["a", "b", "c"];
  const kept = withoutPartition(candidates, { partition: 2, stayOldAnyway: 0 });
  assert.deepEqual(kept, { taken: ["a"], kept: 2 });
  const credited = withoutPartition(candidates, { partition: 2, stayOldAnyway: 3 });
  assert.deepEqual(credited, { taken: candidates, kept: 0 });
});
