import assert from "node:assert/strict";
import { BoundedMap } from "../../lib/core/bounded_map.ts";

Deno.test("BoundedMap keeps entries up to its number, then starts again", () => {
  const map = new BoundedMap<number>({ maxEntries: 2, maxCharacters: 100 });
  for (const [index, key] of ["a", "b", "c"].entries()) map.add(key, index);
  assert.deepEqual(["a", "b", "c"].map((key) => map.get(key)), [undefined, undefined, 2]);
  map.add("d", 3);
  assert.deepEqual([map.get("c"), map.get("d")], [2, 3]);
});

Deno.test("BoundedMap keeps no more text in a few long keys than in many short ones", () => {
  const map = new BoundedMap<number>({ maxEntries: 100, maxCharacters: 10 });
  map.add("12345", 1);
  map.add("67890", 2);
  assert.deepEqual([map.get("12345"), map.get("67890")], [1, 2]);
  map.add("x", 3);
  assert.deepEqual(["12345", "67890", "x"].map((key) => map.get(key)), [undefined, undefined, 3]);
  map.add("longer than all", 4);
  assert.equal(map.get("longer than all"), 4, "the last one is always kept");
});
