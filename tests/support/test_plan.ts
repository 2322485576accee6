import { basename, relative, resolve } from "node:path";
import type { BinaryName } from "./binaries.ts";

const CONTROL_PLANE = ["etcd", "kube-apiserver", "kube-controller-manager", "kubectl"] as const;

/** Tests that start control planes; each of them takes half a gigabyte and, while it starts, a processor. */
export const CLUSTER: Suite = {
  name: "cluster",
  folder: "tests/cluster",
  binaries: [...CONTROL_PLANE, "kwok", "helm", "actionlint"],
  // Otherwise one of them starts when the others end, and runs alone.
  slowest: [
    "three_replicas_test.ts",
    "two_replicas_test.ts",
    "missed_test.ts",
    "rollout_kill_test.ts",
    "server_faults_test.ts",
    "install_test.ts",
    "eviction_loops_test.ts",
    "cli_doctor_test.ts",
    "upgrade_test.ts",
    "jobs_test.ts",
    "reinstall_test.ts",
    "restored_store_test.ts",
    "overwritten_test.ts",
    "mechanism_test.ts",
    "admission_policy_test.ts",
    "certificates_test.ts",
    "rollout_test.ts",
    "certificates_move_test.ts",
    "policies_test.ts",
    "evict_not_ready_test.ts",
    "openkruise_test.ts",
    "refused_test.ts",
  ],
};
/** Tests that also start a real node, as root. Few machines have what it takes, so they run only on request. */
export const NODE: Suite = {
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
/** Tests of the compiled program, which needs Deno's runtime for executables. */
const EXECUTABLE: Suite = {
  name: "executable",
  folder: "tests/executable",
  binaries: CONTROL_PLANE,
};
const SUITES = [CLUSTER, NODE, CERT_MANAGER, EXECUTABLE];
/** Most of these tests wait for timers and leases, so that more of them than processors run at a time. */
const CONTROL_PLANES_AT_A_TIME = "3";

/** Tests of one folder that need programs. */
interface Suite {
  readonly name: string;
  readonly folder: string;
  readonly binaries: readonly BinaryName[];
  /** Names of the files that take longest, which start first. */
  readonly slowest?: readonly string[];
}

/** One call of `deno test`. */
export interface TestRun {
  readonly name: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly binaries: readonly BinaryName[];
}

export interface PlanOptions {
  /** Files and folders. */
  readonly paths: readonly string[];
  /** Arguments for `deno test`. */
  readonly options: readonly string[];
  /** The test files of a folder, or the path of a file itself. */
  testFiles(path: string): readonly string[];
}

/** The runs for these paths: one of the tests that need no programs, and one per suite. */
export function planRuns({ paths, options, testFiles }: PlanOptions): TestRun[] {
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
    const files = slowestFirst(within.flatMap(testFiles), suite.slowest);
    const { name, binaries } = suite;
    runs.push({ name, binaries, args: [...common, ...files], env });
  }
  return runs;
}

/** The second run of a file, without any other. */
export function planRerun(
  { name, binaries }: TestRun,
  file: string,
  { options }: PlanOptions,
): TestRun {
  const args = ["test", "--allow-all", ...options, file];
  return { name: `${name}-again`, args, env: {}, binaries };
}

function slowestFirst(files: readonly string[], slowest: readonly string[] = []): string[] {
  const rankOf = (file: string) => {
    const rank = slowest.indexOf(basename(file));
    return rank === -1 ? slowest.length : rank;
  };
  return [...new Set(files)].toSorted((a, b) => rankOf(a) - rankOf(b));
}

function isWithin(path: string, folder: string): boolean {
  return !relative(resolve(folder), resolve(path)).startsWith("..");
}
