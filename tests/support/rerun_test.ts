import assert from "node:assert/strict";
import { type FileResult, totalsOf } from "./junit.ts";
import { afterRerun, filesToRerun, flakyText, unattributed, withUncaughtErrors } from "./rerun.ts";

function result(file: string, { passed = 1, failed = 0, failures = [""] } = {}): FileResult {
  return { file, totals: { passed, failed, skipped: 0 }, failures: failed > 0 ? failures : [] };
}

const failing = (file: string) => result(file, { failed: 1 });

Deno.test("filesToRerun() names the files with failures", () => {
  assert.deepEqual(filesToRerun([result("a"), failing("b"), failing("c")]), ["b", "c"]);
  assert.deepEqual(filesToRerun([result("a")]), []);
});

Deno.test("filesToRerun() names no file if more than three failed", () => {
  const files = ["a", "b", "c"].map(failing);
  assert.deepEqual(filesToRerun(files), ["a", "b", "c"]);
  assert.deepEqual(filesToRerun([...files, failing("d")]), []);
});

Deno.test("filesToRerun() names no file if something else failed too", () => {
  assert.deepEqual(filesToRerun([failing("a"), unattributed]), []);
});

Deno.test("afterRerun() counts the tests of a file that ran twice once, by its second run", () => {
  const first = [result("a", { passed: 3 }), result("b", { passed: 2, failed: 2 }), failing("c")];
  const again = [result("b", { passed: 5 }), result("c", { passed: 0, failed: 2 })];
  const { results, flaky } = afterRerun(first, again);
  assert.deepEqual(totalsOf(results), { passed: 8, failed: 2, skipped: 0 });
  assert.deepEqual(flaky.map(({ file }) => file), ["b"]);
});

Deno.test("afterRerun() keeps the failure of a file whose second run reports nothing", () => {
  const { results, flaky } = afterRerun([failing("a")], [unattributed]);
  assert.deepEqual(results, [failing("a")]);
  assert.deepEqual(flaky, []);
});

Deno.test("flakyText() keeps the text of each failure", () => {
  const failures = ["one: Error: x\n    at y", "two: z"];
  assert.equal(
    flakyText(result("./a_test.ts", { failed: 2, failures })),
    "flaky: ./a_test.ts (passed alone)\n  one: Error: x\n      at y\n  two: z",
  );
});

Deno.test("withUncaughtErrors() counts an error outside of tests for its file", () => {
  const output = [
    " ERRORS ",
    "",
    "\x1b[0m./a_test.ts (uncaught error)\x1b[0m",
    "\x1b[31merror\x1b[0m: Error: late",
    "    at a",
    "",
    "./b_test.ts (uncaught error)",
    "error: (in promise) Error: module",
    "",
    " FAILURES ",
    "",
    "./a_test.ts (uncaught error)",
    "./b_test.ts (uncaught error)",
    "",
  ].join("\n");
  const results = withUncaughtErrors([result("./a_test.ts"), result("./c_test.ts")], output);
  assert.deepEqual(results, [
    result("./a_test.ts", { failed: 1, failures: ["outside of tests: error: Error: late"] }),
    result("./c_test.ts"),
    result("./b_test.ts", {
      passed: 0,
      failed: 1,
      failures: ["outside of tests: error: (in promise) Error: module"],
    }),
  ]);
});
