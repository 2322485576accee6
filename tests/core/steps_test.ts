import assert from "node:assert/strict";
import fc from "fast-check";
import {
  mapInSteps,
  runAtOnce,
  sortInSteps,
  STEP_ITEMS,
  type Steps,
} from "../../lib/core/steps.ts";

/** A computation's result, and how often it pauses. */
function counted<T>(steps: Steps<T>): { value: T; pauses: number } {
  for (let pauses = 0;; pauses++) {
    const { done, value } = steps.next();
    if (done) return { value, pauses };
  }
}

Deno.test("sortInSteps() sorts as Array.sort does, and keeps the order of equal items", () => {
  const item = fc.record({ key: fc.nat({ max: 20 }), id: fc.nat() });
  const items = fc.tuple(fc.array(item, { maxLength: 100 }), fc.nat({ max: 40 }))
    .map(([some, times]) => Array.from({ length: times }, () => some).flat());
  const compare = (a: { key: number }, b: { key: number }) => a.key - b.key;
  const property = fc.property(items, (all) => {
    assert.deepEqual(runAtOnce(sortInSteps(all, compare)), all.toSorted(compare));
  });
  fc.assert(property, { numRuns: 100 });
});

Deno.test("sortInSteps() pauses often for many items, and never for few", () => {
  const numbers = (count: number) => Array.from({ length: count }, (_, i) => (i * 7_919) % count);
  const few = counted(sortInSteps(numbers(500), (a, b) => a - b));
  assert.equal(few.pauses, 0);
  const many = counted(sortInSteps(numbers(50_000), (a, b) => a - b));
  assert.ok(many.pauses >= 50 * 6, `${many.pauses} pauses`);
  assert.deepEqual(many.value, Array.from({ length: 50_000 }, (_, i) => i));
});

Deno.test("mapInSteps() pauses after a fixed number of items", () => {
  const items = Array.from({ length: 10 * STEP_ITEMS }, (_, i) => i);
  const { value, pauses } = counted(mapInSteps(items, (item) => 2 * item));
  assert.equal(pauses, 10);
  assert.deepEqual(value, items.map((item) => 2 * item));
});
