import { join } from "node:path";
import { findBinaries } from "./binaries.ts";

/**
 * Supported versions of Kubernetes besides the newest, which all other tests run on: the oldest, and one in the
 * middle.
 */
const VERSIONS = ["Kubernetes 1.30", "Kubernetes 1.34"] as const;
const PROGRAMS = ["kube-apiserver", "kube-controller-manager"] as const;
/**
 * Injection, upgrades and resizes in place, clean-up, registration, admission policies and the
 * CustomResourceDefinition.
 */
const TESTS = [
  "tests/cluster/crd_test.ts",
  "tests/cluster/first_example_test.ts",
  "tests/cluster/install_test.ts",
  "tests/cluster/injection_containers_test.ts",
  "tests/cluster/injection_selection_test.ts",
  "tests/cluster/rollout_test.ts",
  "tests/cluster/cleanup_test.ts",
  "tests/cluster/jobs_test.ts",
  "tests/cluster/mechanism_test.ts",
  "tests/cluster/policies_test.ts",
  "tests/cluster/resize_test.ts",
];

/**
 * Runs cluster tests on older versions of Kubernetes, each built once into the cache.
 *
 * @param args test files instead of the default ones
 * @returns exit status: 1 if a version failed
 */
async function testVersions(args: readonly string[]): Promise<number> {
  const files = args.length > 0 ? args : TESTS;
  // `test` would take a name that is not a file for an option of Deno.
  if (args.length === 0) await Promise.all(TESTS.map((file) => Deno.stat(file)));
  const failed: string[] = [];
  for (const kubernetes of VERSIONS) {
    console.log(`== ${kubernetes}`);
    const progress = (message: string) => console.error(message);
    const binaries = await findBinaries(PROGRAMS, { kubernetes, progress });
    const assets = await Deno.makeTempDir({ prefix: "sidecarset-assets-" });
    try {
      for (const name of PROGRAMS) await Deno.symlink(binaries.path(name), join(assets, name));
      const { success } = await new Deno.Command(Deno.execPath(), {
        args: ["task", "test", ...files],
        env: { KUBEBUILDER_ASSETS: assets },
      }).spawn().status;
      if (!success) failed.push(kubernetes);
    } finally {
      await Deno.remove(assets, { recursive: true });
    }
  }
  console.log(failed.length === 0 ? "Every version passed" : `Failed: ${failed.join(", ")}`);
  return failed.length === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await testVersions(Deno.args));
