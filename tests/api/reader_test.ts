import assert from "node:assert/strict";
import * as fc from "fast-check";
import * as z from "zod/mini";
import { admissionReview } from "../../lib/api/admission.ts";
import { createReader, readAs } from "../../lib/api/read.ts";
import { recordedReview } from "../webhook/fixtures.ts";

const REVIEW = JSON.parse(recordedReview("bare-pod"));

Deno.test("createReader() takes a value that passes as it is, its unknown members included", () => {
  const reading = createReader(admissionReview)(REVIEW);
  assert(reading.ok);
  assert.equal(reading.value, REVIEW);
});

const member = fc.oneof(
  fc.constantFrom("", "CREATE", "v1", "admission.k8s.io/v1", null, undefined, true, 1, []),
  fc.record({ group: fc.string(), version: fc.string(), kind: fc.string() }, {
    noNullPrototype: true,
  }),
);

/** The review with some members of it and of its request taken away or replaced. */
const changedReview = fc.tuple(
  fc.subarray(["apiVersion", "kind", "request"]),
  fc.subarray([...Object.keys(REVIEW.request), "subResource"], { maxLength: 3 }),
  member,
).map(([outer, inner, value]) => {
  const replaced = (keys: string[]) => Object.fromEntries(keys.map((key) => [key, value]));
  const request = { ...REVIEW.request, ...replaced(inner) };
  return { ...REVIEW, request, ...replaced(outer) };
});

Deno.test("createReader() judges and explains as the schema does", () => {
  const read = createReader(admissionReview);
  fc.assert(fc.property(fc.oneof(changedReview, fc.jsonValue()), (value) => {
    assert.deepEqual(read(value), readAs(admissionReview, value));
  }));
});

for (
  const [what, schema, value] of [
    ["leaves members out", z.object({ a: z.string() }), { a: "x", b: 1 }],
    ["checks a pattern", z.looseObject({ a: z.string().check(z.regex(/^x/)) }), { a: "y" }],
    ["knows a format", z.looseObject({ a: z.email() }), { a: "not an address" }],
    ["fills in", z.looseObject({ a: z._default(z.string(), "x") }), {}],
    ["compares members", z.looseObject({}).check(z.refine(() => false)), {}],
    ["wants a member of any kind", z.looseObject({ a: z.unknown() }), {}],
  ] as const
) {
  Deno.test(`createReader() leaves a schema that ${what} to itself`, () => {
    assert.deepEqual(createReader<unknown>(schema)(value), readAs<unknown>(schema, value));
  });
}
