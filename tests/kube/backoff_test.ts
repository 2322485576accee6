import assert from "node:assert/strict";
import fc from "fast-check";
import { failureDelay, requestedDelay } from "../../lib/kube/backoff.ts";

const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

Deno.test("failureDelay() doubles from 0.8 s up to 8 s", () => {
  const delays = [0, 1, 2, 5, 6, 1_000_000].map((failures) => failureDelay(failures, 1));
  assert.deepEqual(delays, [800, 1_600, 3_200, 8_000, 8_000, 8_000]);
});

Deno.test("failureDelay() is never zero and never beyond 8 s", () => {
  fc.assert(fc.property(fc.nat(), random, (failures, chance) => {
    const delay = failureDelay(failures, chance);
    assert.ok(delay >= 400 && delay <= 8_000);
  }));
});

Deno.test("requestedDelay() is never shorter than asked, never zero, and bounded", () => {
  fc.assert(fc.property(fc.nat({ max: 1_000_000 }), random, (seconds, chance) => {
    const delay = requestedDelay(seconds, chance);
    assert.ok(delay >= Math.min(8_000, Math.max(400, seconds * 1000)) && delay <= 8_800);
  }));
});
