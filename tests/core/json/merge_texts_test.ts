import assert from "node:assert/strict";
import * as fc from "fast-check";
import { isObject, type Json } from "../../../lib/api/json.ts";
import { mergeJsonTexts } from "../../../lib/core/json/merge_texts.ts";

const cases: [string, string, string | undefined][] = [
  ['{ "z": 1, "n": {"y": 2} }', '{"b": 2, "z": null, "n": {"x": 1}}', '{"b":2,"n":{"x":1,"y":2}}'],
  [
    '{"e":1e3,"t":"x>y"}',
    '{"n":1.0,"big":12345678901234567890}',
    '{"big":12345678901234567890,"e":1e3,"n":1.0,"t":"x\\u003ey"}',
  ],
  ["7", '{"b":1,"c":null,"d":{"e":null}}', '{"b":1,"d":{}}'],
  ['{"a":1}', " [1, 2] ", "[1,2]"],
  ['{"a":"x , } y"}', '{"b":"\\" : {"}', '{"a":"x , } y","b":"\\" : {"}'],
  ['{"a":[1, {"b":null}]}', "{}", '{"a":[1,{"b":null}]}'],
  ['{"__proto__":{"a":1}}', '{"__proto__":{"b":2}}', '{"__proto__":{"a":1,"b":2}}'],
  ["null", "{}", undefined],
  ["{}", "null", undefined],
  ["{}", "7", undefined],
  ["plain", "{}", undefined],
  ["{}", "oops", undefined],
];
for (const [target, patch, merged] of cases) {
  Deno.test(`mergeJsonTexts() makes ${merged} of ${target} and ${patch}`, () => {
    assert.equal(mergeJsonTexts(target, patch), merged);
  });
}

Deno.test("mergeJsonTexts() merges as RFC 7386 says", () => {
  const object = fc.dictionary(fc.string(), fc.jsonValue()).map((value) => JSON.stringify(value));
  fc.assert(fc.property(object, object, (target, patch) => {
    const merged = mergeJsonTexts(target, patch);
    assert.deepEqual(
      JSON.parse(merged ?? ""),
      JSON.parse(JSON.stringify(reference(JSON.parse(target), JSON.parse(patch)))),
    );
  }));
});

Deno.test("mergeJsonTexts() is idempotent", () => {
  const object = fc.dictionary(fc.string(), fc.jsonValue()).map((value) => JSON.stringify(value));
  fc.assert(fc.property(object, object, (target, patch) => {
    const once = mergeJsonTexts(target, patch) ?? "";
    assert.equal(mergeJsonTexts(once, patch), once);
  }));
});

Deno.test("mergeJsonTexts() refuses a patch that is nested beyond reason", () => {
  const nested = '{"a":'.repeat(200) + "1" + "}".repeat(200);
  assert.equal(mergeJsonTexts("{}", nested), undefined);
});

/** The pseudo code of RFC 7386, section 2. */
function reference(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const members = new Map(Object.entries(isJsonObject(target) ? target : {}));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) members.delete(key);
    else members.set(key, reference(members.get(key), value));
  }
  return Object.fromEntries(members);
}

function isJsonObject(value: Json | undefined): value is { [key: string]: Json } {
  return isObject(value);
}
