import assert from "node:assert/strict";
import { memoized, memoizedText } from "../../lib/core/memoized.ts";

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

Deno.test("memoizedText() computes a text again only after others have filled its room", () => {
  let computed = 0;
  const compute = memoizedText((object: { readonly text: string }) => {
    computed++;
    return object.text;
  }, { maxCharacters: 4 });
  const [a, b, c] = [{ text: "aa" }, { text: "bb" }, { text: "c" }];
  assert.deepEqual([compute(a), compute(b), compute(a), compute(b)], ["aa", "bb", "aa", "bb"]);
  assert.equal(computed, 2);
  assert.deepEqual([compute(c), compute(a), compute(c)], ["c", "aa", "c"]);
  assert.equal(computed, 4);
});
