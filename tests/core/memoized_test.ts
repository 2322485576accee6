import assert from "node:assert/strict";
import { memoized } from "../../lib/core/memoized.ts";

Deno.test("memoized() computes once for each object, whatever the value is", () => {
  for (const value of [undefined, "", 0, {}]) {
    let computed = 0;
    const compute = memoized((_: object) => {
      computed++;
      return value;
    });
    const [a, b] = [{}, {}];
    assert.deepEqual([compute(a), compute(a), compute(b)], [value, value, value]);
    assert.equal(computed, 2);
  }
});
