import assert from "node:assert/strict";
import * as fc from "fast-check";
import { escaped, inOneLine, isPrintable, printable } from "../../lib/core/printable.ts";

/** What must not get to a terminal, by kind. */
const UNPRINTABLE: Readonly<Record<string, string>> = {
  "an ANSI escape": "\x1b[31m",
  "an OSC title": "\x1b]0;title\x07",
  "a C1 control sequence": "\x9b31m",
  "a C1 next line": "\x85",
  "a carriage return": "\r",
  "a backspace": "\b",
  "a delete": "\x7f",
  "a null": "\0",
  "a bidirectional override": "\u202E",
  "a bidirectional isolate": "\u2066",
  "a right-to-left mark": "\u200F",
  "a zero-width space": "\u200B",
  "a byte order mark": "\uFEFF",
  "a line separator": "\u2028",
  "a tag": "\u{E0041}",
  "a lone surrogate": "\uD800",
};

for (const [what, text] of Object.entries(UNPRINTABLE)) {
  Deno.test(`printable() lets ${what} not get to a terminal, and escaped() keeps it as data`, () => {
    assert.equal(isPrintable(`a${text}b`), false);
    const shown = printable(`a${text}b`);
    assert.ok(isPrintable(shown), JSON.stringify(shown));
    assert.match(shown, /^a\uFFFD.*b$/su);
    const json = escaped(JSON.stringify(`a${text}b`));
    assert.ok(isPrintable(json), JSON.stringify(json));
    assert.equal(JSON.parse(json), `a${text}b`);
  });
}

Deno.test("printable() leaves text of every script, tabs and line ends alone", () => {
  const text = "Grüße\t日本語 עברית नमस्ते 👩\u200D💻\nline\r\nline\n";
  assert.ok(isPrintable(text));
  assert.equal(printable(text), text);
  assert.equal(escaped(text), text);
});

Deno.test("inOneLine() makes one line of any text", () => {
  assert.equal(inOneLine("a  b\n  c\r\nd\u2028e"), "a  b c d e");
  assert.equal(inOneLine("plain"), "plain");
});

Deno.test("escaped() is the same JSON for every text", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    const json = escaped(JSON.stringify(text));
    assert.equal(JSON.parse(json), text);
    assert.ok(isPrintable(json));
    assert.equal(printable(printable(text)), printable(text));
  }));
});
