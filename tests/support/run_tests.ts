import { join } from "node:path";
import { findBinaries } from "./binaries.ts";
import { add, type FileResult, noTests, readJunit, summary, totalsOf } from "./junit.ts";
import { findNodeObstacle, thisMachine } from "./real_node_requirements.ts";
import { afterRerun, filesToRerun, flakyText, unattributed, withUncaughtErrors } from "./rerun.ts";
import { NODE, type PlanOptions, planRerun, planRuns, type TestRun } from "./test_plan.ts";

/** Reports a file that fails as failed, without a second run: for those who look for flaky tests. */
const NO_RERUN = "--no-rerun";

/**
 * Runs the tests: all, or those of the paths among the arguments; other arguments go to `deno test`. Programs that
 * tests need are there before the first of them starts, so that no test waits for a build. A file on a control plane
 * that fails is run once more alone (see `rerun.ts`), unless `--no-rerun` is among the arguments.
 *
 * @returns The exit status.
 */
async function runTests(args: readonly string[]): Promise<number> {
  const plan = await readArguments(args.filter((arg) => arg !== NO_RERUN));
  const runs = planRuns(plan);
  if (runs.some(({ name }) => name === NODE.name)) {
    const obstacle = await findNodeObstacle(thisMachine());
    if (obstacle !== undefined) {
      console.error(obstacle);
      return 1;
    }
  }
  const binaries = runs.flatMap((run) => run.binaries);
  await findBinaries(binaries, { progress: (message) => console.error(message) });
  let totals = noTests;
  const problems: string[] = [];
  const flaky: FileResult[] = [];
  for (const run of runs) {
    const first = await denoTest(run);
    const mayRerun = run.binaries.length > 0 && !args.includes(NO_RERUN);
    const outcome = mayRerun ? await rerun(run, first, plan) : { results: first, flaky: [] };
    flaky.push(...outcome.flaky);
    const found = totalsOf(outcome.results);
    totals = add(totals, found);
    if (run.binaries.length > 0 && found.skipped > 0 && !plan.options.some(isFilter)) {
      problems.push(`${found.skipped} tests on a control plane were skipped`);
    }
  }
  if (totals.passed + totals.failed === 0) problems.push("no test ran");
  for (const result of flaky) console.log(flakyText(result));
  for (const problem of problems) console.error(`Cannot accept this run: ${problem}`);
  console.log(summary(totals));
  return totals.failed === 0 && problems.length === 0 ? 0 : 1;
}

/** An argument is a path if there is such a file or folder; the rest may be options, and values of options. */
async function readArguments(args: readonly string[]): Promise<PlanOptions> {
  const paths: string[] = [];
  const options: string[] = [];
  for (const arg of args) {
    const isPath = !arg.startsWith("-") && await Deno.stat(arg).then(() => true, () => false);
    (isPath ? paths : options).push(arg);
  }
  return { paths: paths.length > 0 ? paths : ["tests"], options, testFiles };
}

function testFiles(path: string): string[] {
  if (Deno.statSync(path).isFile) return [path];
  return [...Deno.readDirSync(path)].flatMap(({ name, isDirectory }) => {
    const entry = join(path, name);
    if (isDirectory) return testFiles(entry);
    return name.endsWith("_test.ts") ? [entry] : [];
  }).toSorted();
}

async function rerun(run: TestRun, first: readonly FileResult[], plan: PlanOptions) {
  const again: FileResult[] = [];
  for (const file of filesToRerun(first)) {
    console.log(`\nRunning ${file} once more, alone`);
    again.push(...await denoTest(planRerun(run, file, plan)));
  }
  return afterRerun(first, again);
}

function isFilter(option: string): boolean {
  return option.startsWith("--filter");
}

/** The results by file, from the report and from the output, which is printed as it comes. */
async function denoTest({ name, args, env }: TestRun): Promise<FileResult[]> {
  const folder = await Deno.makeTempDir({ prefix: "sidecarset-tests-" });
  try {
    const report = join(folder, `${name}.xml`);
    const [command = "test", ...rest] = args;
    const child = new Deno.Command(Deno.execPath(), {
      args: [command, `--junit-path=${report}`, ...rest],
      env: { ...env },
      stdout: "piped",
    }).spawn();
    const output = await printed(child.stdout);
    const { success } = await child.status;
    const results = withUncaughtErrors(await readReport(report), output);
    if (success || totalsOf(results).failed > 0) return results;
    return [...results, unattributed];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function printed(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    for (let written = 0; written < chunk.length;) {
      written += await Deno.stdout.write(chunk.subarray(written));
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}

async function readReport(file: string): Promise<FileResult[]> {
  try {
    return readJunit(await Deno.readTextFile(file));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

Deno.exit(await runTests(Deno.args));
