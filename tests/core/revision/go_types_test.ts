import assert from "node:assert/strict";
import * as fc from "fast-check";
import { sidecarContainerType } from "../../../lib/core/revision/container_type.ts";
import {
  bool,
  type GoType,
  goValue,
  int,
  intOrString,
  list,
  map,
  nullable,
  omittable,
  pointer,
  quantity,
  required,
  string,
  struct,
} from "../../../lib/core/revision/go_types.ts";
import { volumeType } from "../../../lib/core/revision/volume_type.ts";
import { valueOf } from "./arbitraries.ts";

const written: readonly [says: string, type: GoType, value: unknown, json: string][] = [
  [
    "required fields have zero values",
    struct({
      s: required(string),
      b: required(bool),
      i: required(int),
      p: required(intOrString),
      q: required(quantity),
      l: required(list(string)),
      m: required(map(string)),
      o: required(struct({ n: required(string) })),
    }),
    {},
    '{"s":"","b":false,"i":0,"p":0,"q":"0","l":null,"m":null,"o":{"n":""}}',
  ],
  [
    "omittable fields are left out when zero",
    struct({
      s: omittable(string),
      b: omittable(bool),
      i: omittable(int),
      l: omittable(list(string)),
      m: omittable(map(string)),
    }),
    { s: "", b: false, i: 0, l: [], m: {} },
    "{}",
  ],
  [
    "pointers are written when zero",
    struct({ s: pointer(string), b: pointer(bool), o: pointer(struct({})), absent: pointer(int) }),
    { s: "", b: false, o: {} },
    '{"s":"","b":false,"o":{}}',
  ],
  ["pointers without omitempty are null", struct({ s: nullable(string) }), {}, '{"s":null}'],
  [
    "fields are in struct order",
    struct({ z: required(int), a: required(int) }),
    { a: 1, z: 2 },
    '{"z":2,"a":1}',
  ],
  ["map keys are sorted", map(int), { b: 1, Z: 2, a: 3 }, '{"Z":2,"a":3,"b":1}'],
  [
    "quantities are canonical",
    map(quantity),
    { a: "1000m", b: 2, c: "0.5Gi" },
    '{"a":"1","b":"2","c":"512Mi"}',
  ],
  ["what is no quantity stays", quantity, "much", '"much"'],
  ["unknown fields are dropped", struct({ a: omittable(int) }), { a: 1, b: 2 }, '{"a":1}'],
  ["a value of another type stays", struct({ a: omittable(int) }), "text", '"text"'],
];

for (const [says, type, value, json] of written) {
  Deno.test(`goValue() writes as Go does: ${says}`, () => {
    assert.equal(JSON.stringify(goValue(type, value, { unknownFields: "drop" })), json);
  });
}

Deno.test("goValue() keeps unknown fields at any depth if configured", () => {
  const type = struct({ a: required(list(struct({ b: omittable(int) }))) });
  const value = { a: [{ b: 0, later: { x: "" } }], later: null };
  assert.deepEqual(goValue(type, value, { unknownFields: "keep" }), {
    a: [{ later: { x: "" } }],
    later: null,
  });
});

Deno.test("goValue() takes a member named __proto__ for data", () => {
  const value: unknown = JSON.parse('{"__proto__":"1000m"}');
  const result = goValue(map(quantity), value, { unknownFields: "drop" });
  assert.equal(JSON.stringify(result), '{"__proto__":"1"}');
});

for (const [name, type] of Object.entries({ sidecarContainerType, volumeType })) {
  Deno.test(`goValue() does not change what it has written: ${name}`, () => {
    fc.assert(fc.property(valueOf(type), (value) => {
      const once = goValue(type, value, { unknownFields: "drop" });
      assert.deepEqual(goValue(type, once, { unknownFields: "drop" }), once);
    }));
  });
}
