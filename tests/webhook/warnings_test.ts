import assert from "node:assert/strict";
import * as fc from "fast-check";
import type { AdmissionDecision, AdmissionRequest } from "../../lib/api/admission.ts";
import { warningText, withUnknownFieldWarnings } from "../../lib/webhook/warnings.ts";

Deno.test("warningText() makes one line of at most 120 printable characters of any text", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
    const warning = warningText(text);
    assert.ok([...warning].length <= 120);
    assert.ok(warning.isWellFormed());
    assert.doesNotMatch(warning, /[\p{Cc}\u2028\u2029]/u);
    assert.equal(warningText(warning), warning);
  }));
});

Deno.test("warningText() leaves a text of 120 characters alone and shows that a longer one was cut", () => {
  const whole = "ü".repeat(120);
  assert.equal(warningText(whole), whole);
  assert.equal(warningText(`${whole}!`), `${"ü".repeat(117)}...`);
  assert.equal(warningText(" a\r\n\tb\u0000c "), "a b c");
});

const REFUSED: AdmissionDecision = { allowed: false, status: { code: 422, message: "no" } };

function request(spec: object, more: Partial<AdmissionRequest> = {}): AdmissionRequest {
  const group = "apps.kruise.io";
  return {
    uid: "u",
    kind: { group, version: "v1beta1", kind: "SidecarSet" },
    resource: { group, version: "v1beta1", resource: "sidecarsets" },
    operation: "CREATE",
    object: { metadata: { name: "a" }, spec },
    ...more,
  };
}

const spec = {
  failPolicy: "Fail",
  containers: [{ name: "a", livenessprobe: {}, entirelyNewField: 1 }],
};
const warnings = [
  "Use failurePolicy: field spec.failPolicy is unknown",
  "Use livenessProbe: field spec.containers[0].livenessprobe is unknown",
  "Check its spelling; it is kept for a newer Kubernetes: field spec.containers[0].entirelyNewField is unknown",
];

Deno.test("withUnknownFieldWarnings() warns whatever is decided, and whenever", async () => {
  for (const decision of [{ allowed: true }, REFUSED]) {
    const now = withUnknownFieldWarnings(() => decision)(request(spec));
    assert.deepEqual(now, { ...decision, warnings });
    const later = withUnknownFieldWarnings(() => Promise.resolve(decision))(request(spec));
    assert.deepEqual(await later, { ...decision, warnings });
  }
});

Deno.test("withUnknownFieldWarnings() keeps the warnings of the review and leaves a known object alone", () => {
  const decision = { allowed: true, warnings: ["first"] };
  const review = withUnknownFieldWarnings(() => decision);
  assert.deepEqual(review(request(spec)), { ...decision, warnings: ["first", ...warnings] });
  assert.equal(review(request({ containers: [{ name: "a", image: "b" }] })), decision);
  assert.equal(review(request(spec, { operation: "DELETE" })), decision);
  assert.equal(review(request(spec, { subResource: "status" })), decision);
});

Deno.test("withUnknownFieldWarnings() bounds number and length", () => {
  const names = Array.from({ length: 40 }, (_, i) => [`${"\u{1f600}\n".repeat(200)}${i}`, 1]);
  const decision = withUnknownFieldWarnings(() => ({ allowed: true }))(
    request(Object.fromEntries(names)),
  );
  assert.ok(!(decision instanceof Promise));
  assert.equal(decision.warnings?.length, 11);
  assert.equal(decision.warnings.at(-1), "Validate the file: 30 more fields are unknown");
  for (const text of decision.warnings) assert.ok([...text].length <= 120, text);
});
