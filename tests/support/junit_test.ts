import assert from "node:assert/strict";
import { add, readJunit, summary, totalsOf } from "./junit.ts";

const report = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="7" failures="2" errors="0" time="0.007">
    <testsuite name="./a_test.ts" tests="5" disabled="1" errors="1" failures="1">
        <testcase name="a &gt; tests=&quot;9&quot;" classname="./a_test.ts" time="0.002" line="1" col="6">
            <failure message="x">x</failure>
        </testcase>
        <testcase name="b" classname="./a_test.ts" time="0.000" line="2" col="6">
            <error message="Cancelled"/>
        </testcase>
        <testcase name="c" classname="./a_test.ts" time="0.000" line="3" col="6">
        </testcase>
    </testsuite>
    <testsuite name="./b_test.ts" tests="2" disabled="0" errors="0" failures="0">
    </testsuite>
</testsuites>`;

Deno.test("readJunit() reads the tests and failures of each file", () => {
  const [a, b] = readJunit(report);
  assert.deepEqual(a, {
    file: "./a_test.ts",
    totals: { passed: 2, failed: 2, skipped: 1 },
    failures: ['a > tests="9": x', "b: Cancelled"],
  });
  assert.deepEqual(b, {
    file: "./b_test.ts",
    totals: { passed: 2, failed: 0, skipped: 0 },
    failures: [],
  });
  assert.deepEqual(totalsOf(readJunit(report)), { passed: 4, failed: 2, skipped: 1 });
});

Deno.test("readJunit() reads a report without any suite as no tests", () => {
  const xml =
    '<testsuites name="deno test" tests="0" failures="0" errors="0" time="0.0">\n</testsuites>';
  assert.deepEqual(readJunit(xml), []);
});

Deno.test("readJunit() refuses what is no report", () => {
  assert.throws(() => readJunit("<html></html>"), /it has no test suites/);
  assert.throws(() => readJunit('<testsuite name="a" tests="1">'), /has no failures/);
});

Deno.test("summary() names skipped tests only where there are some", () => {
  const none = { passed: 3, failed: 0, skipped: 0 };
  assert.equal(summary(none), "3 passed, 0 failed");
  assert.equal(
    summary(add(none, { passed: 1, failed: 2, skipped: 1 })),
    "4 passed, 2 failed, 1 skipped",
  );
});
