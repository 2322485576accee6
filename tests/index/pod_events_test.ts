import assert from "node:assert/strict";
import fc from "fast-check";
import { createPodEventParser } from "../../lib/index/pod_events.ts";

/** Texts that look like a time, or like the end of a string, of the list or of the whole. */
const TRICKY = fc.constantFrom(
  ...['"', "\\", "]", "}]", ']},"spec":{', ',"managedFields":[', '"time":"x"', "time", ""],
);
const TEXT = fc.array(fc.oneof(TRICKY, fc.string({ maxLength: 3 })), { maxLength: 3 })
  .map((parts) => parts.join(""));
const ENTRY = fc.record({
  manager: TEXT,
  time: fc.oneof(TEXT, fc.constantFrom("2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z")),
  fieldsV1: fc.dictionary(TEXT.map((text) => `f:${text}`), fc.constantFrom({}, { ".": {} })),
}, { requiredKeys: [] });
const EVENT = fc.record({
  type: fc.constantFrom("ADDED", "MODIFIED", "DELETED"),
  object: fc.record({
    metadata: fc.record({
      name: TEXT,
      annotations: fc.dictionary(TEXT, TEXT, { maxKeys: 2 }),
      managedFields: fc.array(ENTRY, { maxLength: 3 }),
    }, { requiredKeys: ["name"] }),
    spec: fc.dictionary(TEXT, TEXT, { maxKeys: 2 }),
  }),
});

Deno.test("a parser of Pods' events returns what JSON.parse() returns, also for equal managedFields", () => {
  fc.assert(
    fc.property(fc.array(EVENT, { minLength: 1, maxLength: 4 }), (events) => {
      const parse = createPodEventParser();
      for (const event of [...events, ...events]) {
        const text = JSON.stringify(event);
        assert.deepEqual(parse(text), JSON.parse(text));
      }
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("a parser of Pods' events parses managedFields once that differ in their times only", () => {
  const parse = createPodEventParser();
  const fieldsAt = (time: string): unknown => {
    const fieldsV1 = { "f:metadata": { "f:labels": { "f:app": {} } } };
    const managedFields = [{ manager: "a", time, fieldsV1 }, { manager: "b", fieldsV1: {} }];
    const event = { type: "ADDED", object: { metadata: { name: "web-0", managedFields } } };
    const parsed = parse(JSON.stringify(event));
    assert.deepEqual(parsed, event);
    return Object(parsed).object.metadata.managedFields[0].fieldsV1;
  };
  assert.equal(fieldsAt("2026-01-01T00:00:00Z"), fieldsAt("2026-01-01T00:00:01Z"));
});

Deno.test("a parser of Pods' events reads other lines as JSON.parse() does, and fails as it does", () => {
  const parse = createPodEventParser();
  const others = [
    ...["1", "null", '{"type":"ERROR","object":{"code":410}}', '{"a":1,"managedFields":[]}'],
    '{"object":{"spec":{"a":1,"managedFields":[{"time":"x"}]}}}',
  ];
  for (const text of others) assert.deepEqual(parse(text), JSON.parse(text));
  for (const text of ["", "{", '{"object":{"metadata":{"a":1,"managedFields":[{]}}}']) {
    assert.throws(() => parse(text), SyntaxError);
  }
});
