import assert from "node:assert/strict";
import { RepairBackoff } from "../../lib/controller/repair_backoff.ts";
import { ManualClock } from "../support/manual_clock.ts";

Deno.test("RepairBackoff delays no first repair, and each further one longer, up to half a minute", async () => {
  const clock = new ManualClock();
  const repairs = new RepairBackoff(clock);
  const waits: number[] = [];
  for (let i = 0; i < 8; i++) {
    waits.push(repairs.wait);
    await clock.advance(repairs.wait);
    repairs.note();
  }
  assert.deepEqual(waits, [0, 1, 2, 4, 8, 16, 30, 30].map((seconds) => seconds * 1_000));
});

Deno.test("RepairBackoff counts the wait from the last repair on, whenever the object is changed back", async () => {
  const clock = new ManualClock();
  const repairs = new RepairBackoff(clock);
  for (let i = 0; i < 5; i++) {
    repairs.note();
    await clock.advance(100_000);
    assert.equal(repairs.wait, 0);
  }
});

Deno.test("RepairBackoff reports contention from the third repair in a row until the object stays", async () => {
  const clock = new ManualClock();
  const repairs = new RepairBackoff(clock);
  const contended: boolean[] = [];
  for (let i = 0; i < 3; i++) {
    repairs.note();
    contended.push(repairs.isContended);
  }
  assert.deepEqual(contended, [false, false, true]);
  await clock.advance(repairs.calmIn - 1);
  assert.ok(repairs.isContended);
  await clock.advance(1);
  assert.deepEqual([repairs.isContended, repairs.calmIn], [false, 0]);
  repairs.note();
  assert.deepEqual([repairs.isContended, repairs.wait], [false, 1_000], "a new row has begun");
});
