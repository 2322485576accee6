import { testedExecutable } from "./launcher.ts";

/** Scenarios on a control plane that hold for the sources and for the executable. */
const SCENARIOS = ["first_example", "upgrade", "certificates", "two_replicas"];

/**
 * Runs the tests of the executable that SIDECARSET_EXECUTABLE names, or of one that is compiled for it.
 *
 * @returns the exit status
 */
async function testExecutable(args: readonly string[]): Promise<number> {
  const root = new URL("../../", import.meta.url).pathname;
  const executable = testedExecutable() ?? `${root}dist/sidecarset`;
  if (testedExecutable() === undefined) {
    const { success } = await deno(["task", "compile"]);
    if (!success) {
      console.error("Name an executable in SIDECARSET_EXECUTABLE instead");
      return 1;
    }
  }
  const scenarios = SCENARIOS.map((name) => `tests/cluster/${name}_test.ts`);
  // `run_tests.ts` would take a name that is not a file for an option of Deno.
  await Promise.all(scenarios.map((file) => Deno.stat(`${root}${file}`)));
  const { code } = await deno([
    ...["run", "-A", `${root}tests/support/run_tests.ts`, "tests/executable", ...scenarios],
    ...args,
  ], { SIDECARSET_EXECUTABLE: await Deno.realPath(executable) });
  return code;
}

function deno(args: string[], env: Record<string, string> = {}): Promise<Deno.CommandStatus> {
  const cwd = new URL("../../", import.meta.url);
  return new Deno.Command(Deno.execPath(), { args, env, cwd }).spawn().status;
}

Deno.exit(await testExecutable(Deno.args));
