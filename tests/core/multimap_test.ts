import assert from "node:assert/strict";
import fc from "fast-check";
import { Multimap } from "../../lib/core/multimap.ts";

Deno.test("a Multimap has the values that were added to a key and not deleted", () => {
  const change = fc.record({
    adds: fc.boolean(),
    key: fc.constantFrom("a", "b"),
    value: fc.constantFrom("x", "y", "z"),
  });
  fc.assert(fc.property(fc.array(change), (changes) => {
    const multimap = new Multimap();
    const model = new Map<string, Set<string>>([["a", new Set()], ["b", new Set()]]);
    for (const { adds, key, value } of changes) {
      if (adds) multimap.add(key, value);
      else multimap.delete(key, value);
      if (adds) model.get(key)?.add(value);
      else model.get(key)?.delete(value);
      for (const [each, values] of model) {
        assert.deepEqual(multimap.get(each), values.size === 0 ? undefined : values);
        assert.deepEqual([...multimap.valuesOf(each)], [...values]);
        assert.equal(multimap.count(each), values.size);
      }
      const filled = [...model].filter(([, values]) => values.size > 0).map(([each]) => each);
      assert.deepEqual([...multimap.keys()].sort(), filled);
      assert.equal(multimap.size, filled.length);
    }
  }));
});
