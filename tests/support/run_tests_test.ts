import assert from "node:assert/strict";
import { join } from "node:path";
import { CLUSTER } from "./test_plan.ts";

const RUN_TESTS = join(import.meta.dirname ?? "", "run_tests.ts");
const PASSING = `Deno.test("passes", () => {});`;
/** Fails as often as the number in the file says. */
const flaky = (times: number) => `
Deno.test("is flaky", async (t) => {
  const file = new URL("./runs_" + new URL(import.meta.url).pathname.split("/").at(-1), import.meta.url);
  const runs = Number(await Deno.readTextFile(file).catch(() => "0"));
  await Deno.writeTextFile(file, String(runs + 1));
  if (runs < ${times}) throw new Error("run " + (runs + 1) + " failed");
  await t.step("has a step", () => {});
});
`;

/** Runs the test runner over the given files of a folder of tests on a control plane. */
async function runTests(files: Record<string, string>, ...args: string[]) {
  const folder = await Deno.makeTempDir();
  try {
    const assets = join(folder, "assets");
    await Deno.mkdir(assets);
    for (const name of CLUSTER.binaries) await Deno.writeTextFile(join(assets, name), "");
    await Deno.mkdir(join(folder, CLUSTER.folder), { recursive: true });
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(join(folder, CLUSTER.folder, name), text);
    }
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", RUN_TESTS, CLUSTER.folder, "--no-check", ...args],
      cwd: folder,
      env: { KUBEBUILDER_ASSETS: assets, NO_COLOR: "1" },
    }).output();
    const output = new TextDecoder().decode(stdout);
    return { code, output, last: output.trimEnd().split("\n").at(-1) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a test file on a control plane that fails once is run again, and reported as flaky", async () => {
  const { code, output, last } = await runTests({ "a_test.ts": flaky(1), "b_test.ts": PASSING });
  assert.match(output, /\nError: run 1 failed|error: Error: run 1 failed/);
  assert.match(
    output,
    /^flaky: \.\/tests\/cluster\/a_test\.ts \(passed alone\)\n {2}is flaky: Error: run 1 failed$/m,
  );
  assert.equal(last, "3 passed, 0 failed", "the step ran in the second run only");
  assert.equal(code, 0);
});

Deno.test("a test file on a control plane that fails twice has failed", async () => {
  const { code, output, last } = await runTests({ "a_test.ts": flaky(2), "b_test.ts": PASSING });
  assert.match(output, /run 1 failed/);
  assert.match(output, /run 2 failed/);
  assert.doesNotMatch(output, /^flaky/m);
  assert.equal(last, "1 passed, 1 failed");
  assert.equal(code, 1);
});

Deno.test("--no-rerun reports the first failure of a test file as a failure", async () => {
  const { code, output, last } = await runTests({ "a_test.ts": flaky(1) }, "--no-rerun");
  assert.doesNotMatch(output, /once more/);
  assert.equal(last, "0 passed, 1 failed");
  assert.equal(code, 1);
});

Deno.test("an error outside of tests is not hidden by another file's second run", async () => {
  const late = `${PASSING} Promise.reject(new Error("late"));`;
  const { code, output, last } = await runTests({ "a_test.ts": flaky(1), "b_test.ts": late });
  assert.match(output, /^flaky: \.\/tests\/cluster\/a_test\.ts/m);
  assert.match(last ?? "", /^2 passed, [1-9]\d* failed$/);
  assert.equal(code, 1);
});
