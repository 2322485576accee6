import assert from "node:assert/strict";
import * as fc from "fast-check";
import { warningText } from "../../lib/webhook/warnings.ts";

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
