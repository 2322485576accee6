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

/** Milliseconds, the least of three times. */
function duration(parts: readonly ChangedPart[]): number {
  return Math.min(...[1, 2, 3].map(() => {
    const started = performance.now();
    unifiedDiff(parts, OPTIONS);
    return performance.now() - started;
  }));
}

Deno.test("unifiedDiff() takes as long as there are parts, not the square of it", () => {
  const lines = (mark: string) => Array.from({ length: 30 }, (_, i) => `${mark} ${i}\n`).join("");
  const part: ChangedPart = [lines("before"), lines("after")];
  const [few, many] = [50, 800].map((length) => duration(Array.from({ length }, () => part)));
  assert.ok(
    few !== undefined && many !== undefined && many < few * 16 * 4,
    `${few} and ${many} ms`,
  );
});
