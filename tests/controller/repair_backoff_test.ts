import assert from "node:assert/strict";
import { RepairBackoff } from "../../lib/controller/repair_backoff.ts";
import { ManualClock } from "../support/manual_clock.ts";

Deno.test("RepairBackoff delays no first repair, and each further one longer, up to half a minute", async () => {
  const clock = new ManualClock();
  const backoff = new RepairBackoff(clock);
  const waits: number[] = [];
  for (let i = 0; i < 8; i++) {
    waits.push(backoff.wait);
    await clock.advance(backoff.wait);
    backoff.note();
  }
  assert.deepEqual(waits, [0, 1, 2, 4, 8, 16, 30, 30].map((seconds) => seconds * 1_000));
});

Deno.test("RepairBackoff counts the wait from the last repair on, whenever the object is changed back", async () => {
  const clock = new ManualClock();
  const backoff = new RepairBackoff(clock);
  for (let i = 0; i < 5; i++) {
    backoff.note();
    await clock.advance(100_000);
    assert.equal(backoff.wait, 0);
  }
});

Deno.test("RepairBackoff reports contention from the third repair in a row until the object stays", async () => {
  const clock = new ManualClock();
  const backoff = new RepairBackoff(clock);
  const contended: boolean[] = [];
  for (let i = 0; i < 3; i++) {
    backoff.note();
    contended.push(backoff.isContended);
  }
  assert.deepEqual(contended, [false, false, true]);
  await clock.advance(backoff.calmIn - 1);
  assert.ok(backoff.isContended);
  await clock.advance(1);
  assert.deepEqual([backoff.isContended, backoff.calmIn], [false, 0]);
  backoff.note();
  assert.deepEqual([backoff.isContended, backoff.wait], [false, 1_000], "a new row has begun");
});
