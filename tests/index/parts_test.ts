import assert from "node:assert/strict";
import { PartedMap, PartedSet } from "../../lib/index/parts.ts";

/** Several parts. */
const COUNT = 100_000;

Deno.test("PartedMap and PartedSet hold what a Map and a Set hold, with many entries and after any deletions", () => {
  const map = new Map<number, string>();
  const [partedMap, partedSet] = [new PartedMap<number, string>(), new PartedSet<number>()];
  const set = (key: number, value: string) => {
    map.set(key, value);
    partedMap.set(key, value);
    partedSet.add(key);
  };
  const remove = (key: number) => {
    const isKnown = map.delete(key);
    assert.equal(partedMap.delete(key), isKnown);
    assert.equal(partedSet.delete(key), isKnown);
  };
  const check = () => {
    const keys = [...map.keys()].toSorted();
    assert.deepEqual([partedMap.size, partedSet.size], [map.size, map.size]);
    assert.deepEqual([...partedMap.keys()].toSorted(), keys);
    assert.deepEqual([...partedSet].toSorted(), keys);
    assert.deepEqual(new Map(partedMap), map);
    for (const key of [0, 1, 2, 3, COUNT / 2, COUNT - 1, COUNT]) {
      assert.equal(partedMap.get(key), map.get(key));
      assert.equal(partedMap.has(key), map.has(key));
      assert.equal(partedSet.has(key), map.has(key));
    }
  };
  check();
  for (let i = 0; i < COUNT; i++) set(i, `${i}`);
  check();
  for (let i = 0; i < COUNT; i += 3) remove(i);
  check();
  for (let i = 0; i < COUNT; i += 2) set(i, `again ${i}`);
  check();
  for (let i = 0; i <= COUNT; i++) remove(i);
  check();
});

Deno.test("PartedSet visits every key while those that were visited are deleted", () => {
  const set = new PartedSet<number>();
  for (let i = 0; i < COUNT; i++) set.add(i);
  let visited = 0;
  for (const key of set) {
    visited++;
    set.delete(key);
  }
  assert.deepEqual([visited, set.size], [COUNT, 0]);
});
