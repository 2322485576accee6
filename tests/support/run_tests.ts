import { join, relative, resolve } from "node:path";
import { type BinaryName, findBinaries } from "./binaries.ts";
import { add, noTests, readJunit, summary, type Totals } from "./junit.ts";
import { findNodeObstacle, thisMachine } from "./real_node_requirements.ts";

const CONTROL_PLANE = ["etcd", "kube-apiserver", "kube-controller-manager", "kubectl"] as const;

/** Tests that start control planes; each of them takes half a gigabyte and most of a processor. */
const CLUSTER: Suite = {
  name: "cluster",
  folder: "tests/cluster",
  binaries: [...CONTROL_PLANE, "kwok", "helm", "actionlint"],
};
/** Tests that start a real node besides, as root. Few machines have what it takes, so they run only where they are asked for. */
const NODE: Suite = {
  name: "node",
  folder: "tests/node",
  binaries: [...CONTROL_PLANE, "kubelet"],
};
/** Tests with the real cert-manager, which takes minutes to build, and few changes concern it. */
const CERT_MANAGER: Suite = {
  name: "cert-manager",
  folder: "tests/cert_manager",
  binaries: [...CONTROL_PLANE, "cert-manager"],
};
/** Tests of the compiled program, for which Deno's runtime for executables has to be had. */
const EXECUTABLE: Suite = {
  name: "executable",
  folder: "tests/executable",
  binaries: CONTROL_PLANE,
};
const SUITES = [CLUSTER, NODE, CERT_MANAGER, EXECUTABLE];
const CONTROL_PLANES_AT_A_TIME = "2";

/** Tests of one folder that need programs. */
interface Suite {
  readonly name: string;
  readonly folder: string;
  readonly binaries: readonly BinaryName[];
}

/** One call of `deno test`. */
interface TestRun {
  readonly name: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly binaries: readonly BinaryName[];
}

/**
 * Runs the tests: all, or those of the paths among the arguments; other arguments go to `deno test`. Programs that tests need are there
 * before the first of them starts, so that no test waits for a build.
 *
 * @returns The exit status.
 */
async function runTests(args: readonly string[]): Promise<number> {
  const { paths, options } = await readArguments(args);
  const runs = planRuns(paths, options);
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
  for (const run of runs) {
    const outcome = await denoTest(run);
    totals = add(totals, outcome);
    if (run.binaries.length > 0 && outcome.skipped > 0 && !options.some(isFilter)) {
      problems.push(`${outcome.skipped} tests on a control plane were skipped`);
    }
  }
  if (totals.passed + totals.failed === 0) problems.push("no test ran");
  for (const problem of problems) console.error(`Cannot accept this run: ${problem}`);
  console.log(summary(totals));
  return totals.failed === 0 && problems.length === 0 ? 0 : 1;
}

/** An argument is a path if there is such a file or folder; the rest may be options, and values of options. */
async function readArguments(args: readonly string[]) {
  const paths: string[] = [];
  const options: string[] = [];
  for (const arg of args) {
    const isPath = !arg.startsWith("-") && await Deno.stat(arg).then(() => true, () => false);
    (isPath ? paths : options).push(arg);
  }
  return { paths: paths.length > 0 ? paths : ["tests"], options };
}

function planRuns(paths: readonly string[], options: readonly string[]): TestRun[] {
  const suiteOf = (path: string) => SUITES.find(({ folder }) => isWithin(path, folder));
  const pathsOf = Map.groupBy(paths, suiteOf);
  const local = pathsOf.get(undefined) ?? [];
  if (local.some((path) => isWithin(CLUSTER.folder, path))) {
    pathsOf.set(CLUSTER, [...pathsOf.get(CLUSTER) ?? [], CLUSTER.folder]);
  }
  const common = ["test", "--allow-all", "--parallel", ...options];
  const runs: TestRun[] = [];
  if (local.length > 0) {
    const args = [...common, `--ignore=${SUITES.map(({ folder }) => folder).join()}`, ...local];
    runs.push({ name: "local", args, env: {}, binaries: [] });
  }
  for (const suite of SUITES) {
    const within = pathsOf.get(suite) ?? [];
    if (within.length === 0) continue;
    const env = { DENO_JOBS: CONTROL_PLANES_AT_A_TIME };
    runs.push({ ...suite, args: [...common, ...within], env });
  }
  return runs;
}

function isWithin(path: string, folder: string): boolean {
  return !relative(resolve(folder), resolve(path)).startsWith("..");
}

function isFilter(option: string): boolean {
  return option.startsWith("--filter");
}

async function denoTest({ name, args, env }: TestRun): Promise<Totals> {
  const folder = await Deno.makeTempDir({ prefix: "sidecarset-tests-" });
  try {
    const report = join(folder, `${name}.xml`);
    const [command = "test", ...rest] = args;
    const child = new Deno.Command(Deno.execPath(), {
      args: [command, `--junit-path=${report}`, ...rest],
      env: { ...env },
    }).spawn();
    const { success } = await child.status;
    const totals = await readReport(report);
    // An error outside of all tests is not in the report.
    return success || totals.failed > 0 ? totals : { ...totals, failed: 1 };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function readReport(file: string): Promise<Totals> {
  try {
    return readJunit(await Deno.readTextFile(file));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return noTests;
    throw error;
  }
}

Deno.exit(await runTests(Deno.args));
