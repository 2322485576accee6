import assert from "node:assert/strict";
import * as fc from "fast-check";
import { compareUtf8, goJson } from "../../../lib/core/json/go_json.ts";

Deno.test("goJson() sorts members, writes no blanks and escapes as Go does", () => {
  const value = { b: [1, { d: null, c: "<a&b>\u2028" }], a: new Map([["k", "ü"]]), u: undefined };
  assert.equal(
    goJson(value),
    '{"a":{"k":"ü"},"b":[1,{"c":"\\u003ca\\u0026b\\u003e\\u2028","d":null}]}',
  );
});

Deno.test("goJson() writes JSON that means the same", () => {
  fc.assert(fc.property(fc.json(), (text) => {
    assert.deepEqual(JSON.parse(goJson(JSON.parse(text))), JSON.parse(text));
  }));
});

Deno.test("compareUtf8() orders texts by their UTF-8 bytes", () => {
  const encoder = new TextEncoder();
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }), (a, b) => {
      const [x, y] = [encoder.encode(a), encoder.encode(b)];
      let order = 0;
      for (let i = 0; order === 0 && i < Math.max(x.length, y.length); i++) {
        order = (x[i] ?? -1) - (y[i] ?? -1);
      }
      assert.equal(Math.sign(compareUtf8(a, b)), Math.sign(order));
    }),
  );
  assert.equal(Math.sign(compareUtf8("\uffee", "\u{1f600}")), -1);
});
