import fc from "fast-check";
import assert from "node:assert/strict";
import { counted, painted, table, wrapped } from "../../../lib/cli/terminal/output.ts";
import { createTerminal } from "../../../lib/cli/terminal/terminal.ts";
import { stringTerminal } from "../string_terminal.ts";

Deno.test("wrapped() breaks lines at 80 columns and loses no word", () => {
  const words = fc.array(fc.stringMatching(/^[a-z]{1,20}$/), { minLength: 1, maxLength: 60 });
  fc.assert(fc.property(words, fc.nat(8), (list, indent) => {
    const lines = wrapped(list.join(" "), indent);
    assert.ok(lines.every((line) => line.length <= 80));
    assert.deepEqual(lines.flatMap((line) => line.trim().split(" ")), list);
  }));
});

Deno.test("wrapped() leaves a word longer than a line whole", () => {
  const word = "x".repeat(100);
  assert.deepEqual(wrapped(`a ${word} b`, 2), ["  a", `  ${word}`, "  b"]);
});

Deno.test("table() makes columns as wide as their widest cell", () => {
  assert.deepEqual(table([["A", "LONG", "X"], ["abc", "d", ""]], 1), [" A    LONG  X", " abc  d"]);
});

Deno.test("painted() colours text only where colours are shown", () => {
  const print = (colors: boolean) => {
    const device = stringTerminal({ colors });
    const terminal = createTerminal(device);
    terminal.write(painted("x\n\x1b[32my", { color: "red", terminal }));
    return device.output;
  };
  assert.equal(print(false), "x \uFFFD[32my");
  assert.equal(print(true), "\x1b[31mx \uFFFD[32my\x1b[39m");
});

Deno.test("wrapped() and table() let no line end of a text begin a line", () => {
  assert.deepEqual(wrapped("a\nok  b\r\n\u2028c ", 2), ["  a ok b c"]);
  assert.deepEqual(table([["a\nb", "c"], ["d", "e\u0085f"]]), ["a b  c", "d    e f"]);
});

Deno.test("counted() knows one from many", () => {
  assert.deepEqual([0, 1, 2].map((n) => counted(n, "error")), ["0 errors", "1 error", "2 errors"]);
});
