import assert from "node:assert/strict";
import fc from "fast-check";
import { INJECTED_LIST_ANNOTATION } from "../../lib/api/names.ts";
import { parsePodReview } from "../../lib/webhook/pod_review_json.ts";

/** Texts that look like the end of a string, of the array or of the whole. */
const TRICKY = fc.constantFrom(
  ...['"', "\\", '\\"', "]", "}]", ']},"spec":{', ',"managedFields":[', '{"a":["', "\\u0022", ""],
);
const TEXT = fc.array(fc.oneof(TRICKY, fc.string({ maxLength: 3 })), { maxLength: 3 })
  .map((parts) => parts.join(""));
const VALUE = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    TEXT,
    fc.integer(),
    fc.constantFrom(null, true, false),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(TEXT, tie("value"), { maxKeys: 3 }),
  ),
})).value;
const FIELDS = fc.dictionary(TEXT, VALUE, { maxKeys: 3 });

Deno.test("parsePodReview() leaves out managedFields with one closing bracket, and nothing else", () => {
  fc.assert(
    fc.property(
      FIELDS,
      fc.array(VALUE, { maxLength: 3 }),
      FIELDS,
      FIELDS,
      (metadata, managed, more, spec) => {
        const before = { name: "web-0", ...metadata };
        const review = (fields: object) => ({
          request: { uid: "u1", object: { metadata: { ...before, ...fields, ...more }, spec } },
        });
        const whole = JSON.stringify(review({ managedFields: managed }));
        const hasBracket = JSON.stringify(managed).slice(0, -1).includes("]");
        const expected = hasBracket ? whole : JSON.stringify(review({}));
        assert.deepEqual(parsePodReview(whole), JSON.parse(expected));
      },
    ),
    { numRuns: 500 },
  );
});

Deno.test("parsePodReview() reads a review with white space, or with managedFields first, as a whole", () => {
  const managedFields = [{ manager: "kubectl" }];
  const spaced = { metadata: { name: "web-0", managedFields }, spec: {} };
  assert.deepEqual(parsePodReview(JSON.stringify(spaced, null, 2)), spaced);
  const first = { metadata: { managedFields, name: "web-0" }, spec: {} };
  assert.deepEqual(parsePodReview(JSON.stringify(first)), first);
});

Deno.test("parsePodReview() keeps the managedFields of a Pod that has been injected before", () => {
  const annotations = { [INJECTED_LIST_ANNOTATION]: "log-agent" };
  const injected = { metadata: { annotations, managedFields: [{ manager: "kubectl" }] } };
  assert.deepEqual(parsePodReview(JSON.stringify(injected)), injected);
});

Deno.test("parsePodReview() reports what is not JSON as JSON.parse() does", () => {
  const whole = JSON.stringify({
    metadata: { name: "web-0", managedFields: [{ a: "]" }] },
    spec: [],
  });
  const messageOf = (parse: (text: string) => unknown, text: string) => {
    try {
      return { value: parse(text) };
    } catch (error) {
      assert(error instanceof SyntaxError);
      return error.message;
    }
  };
  for (let length = 0; length < whole.length; length++) {
    const text = whole.slice(0, length);
    assert.equal(messageOf(parsePodReview, text), messageOf(JSON.parse, text));
    const doubled = `${whole}${text.at(-1) ?? "x"}`;
    assert.equal(messageOf(parsePodReview, doubled), messageOf(JSON.parse, doubled));
  }
});
