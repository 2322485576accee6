import assert from "node:assert/strict";
import { createTerminal } from "../../../lib/cli/terminal/terminal.ts";
import { type ChangedPart, unifiedDiff } from "../../../lib/cli/terminal/unified_diff.ts";
import { stringTerminal } from "../string_terminal.ts";

const OPTIONS = { before: "a", after: "b", terminal: createTerminal(stringTerminal()) };

Deno.test("unifiedDiff() counts lines through all parts, and passes over those that stay", () => {
  const parts: ChangedPart[] = [["1\n2\n", "1\n2\n"], ["3\n", "3\n4\n"], ["", ""], ["5\n", "6\n"]];
  assert.equal(
    unifiedDiff(parts, OPTIONS),
    "--- a\n+++ b\n@@ -3,1 +3,2 @@\n 3\n+4\n@@ -4,1 +5,1 @@\n-5\n+6\n",
  );
});

Deno.test("unifiedDiff() is empty where nothing changes", () => {
  assert.equal(unifiedDiff([["1\n", "1\n"]], OPTIONS), "");
});

Deno.test("unifiedDiff() compares each part with its own counterpart only", () => {
  // A comparison of all lines with all lines would not return: its cost is the product of both numbers.
  const parts = Array.from({ length: 50_000 }, (_, i): ChangedPart => [`${i}\n`, `new ${i}\n`]);
  const lines = unifiedDiff(parts, OPTIONS).split("\n");
  const changed = lines.filter((line) => /^[+-](new )?\d+$/.test(line));
  assert.equal(changed.length, 2 * parts.length);
});
