import assert from "node:assert/strict";
import { CLUSTER, planRerun, planRuns } from "./test_plan.ts";

const FILES = ["a_test.ts", "missed_test.ts", "two_replicas_test.ts", "z_test.ts"]
  .map((name) => `${CLUSTER.folder}/${name}`);
const plan = (paths: string[], options: string[] = []) => ({
  paths,
  options,
  testFiles: (path: string) => path === CLUSTER.folder ? FILES : [path],
});

Deno.test("all tests run those without a control plane first, and the cluster's slowest files first", () => {
  const [local, cluster, ...others] = planRuns(plan(["tests"], ["--filter=x"]));
  assert.deepEqual(others, []);
  assert.equal(local?.name, "local");
  assert.deepEqual(local?.env, {});
  assert.ok(local?.args.some((arg) => /^--ignore=.*tests\/cluster,tests\/node/.test(arg)));
  assert.equal(cluster?.name, "cluster");
  assert.ok(Number(cluster?.env.DENO_JOBS) > 1);
  const order = ["two_replicas_test.ts", "missed_test.ts", "a_test.ts", "z_test.ts"];
  assert.deepEqual(cluster?.args, [
    ...["test", "--allow-all", "--parallel", "--filter=x"],
    ...order.map((name) => `${CLUSTER.folder}/${name}`),
  ]);
});

Deno.test("a file that is named twice runs once", () => {
  const [file = ""] = FILES;
  const [run, ...others] = planRuns(plan([file, CLUSTER.folder]));
  assert.deepEqual(others, []);
  assert.deepEqual(run?.args.filter((arg) => arg === file), [file]);
});

Deno.test("a second run has one file, and the options of the first", () => {
  const [first] = planRuns(plan([CLUSTER.folder], ["--filter=x"]));
  assert.ok(first);
  const { args, binaries } = planRerun(first, "./x_test.ts", plan([], ["--filter=x"]));
  assert.deepEqual(args, ["test", "--allow-all", "--filter=x", "./x_test.ts"]);
  assert.deepEqual(binaries, CLUSTER.binaries);
});

Deno.test("the slowest files exist", () => {
  for (const name of CLUSTER.slowest ?? []) {
    assert.ok(Deno.statSync(new URL(`../cluster/${name}`, import.meta.url)).isFile, name);
  }
});
