import assert from "node:assert/strict";
import * as fc from "fast-check";
import { admissionReview, readAdmissionReview } from "../../lib/api/admission.ts";
import { readAs } from "../../lib/api/read.ts";
import { recordedReview } from "../webhook/fixtures.ts";

const REVIEW = JSON.parse(recordedReview("bare-pod"));

Deno.test("readAdmissionReview() takes a value that passes as it is, its unknown members included", () => {
  const reading = readAdmissionReview(REVIEW);
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

Deno.test("readAdmissionReview() judges and explains as the schema does", () => {
  fc.assert(fc.property(fc.oneof(changedReview, fc.jsonValue()), (value) => {
    assert.deepEqual(readAdmissionReview(value), readAs(admissionReview, value));
  }));
});
