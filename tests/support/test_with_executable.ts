import { testedExecutable } from "./launcher.ts";

/** A test of the executable that SIDECARSET_EXECUTABLE names; without one it is left out, and says so. */
export function testWithExecutable(
  name: string,
  test: (executable: string, t: Deno.TestContext) => Promise<void>,
): void {
  const executable = testedExecutable();
  if (executable !== undefined) Deno.test(name, (t) => test(executable, t));
  else Deno.test({ name: `${name} (SIDECARSET_EXECUTABLE is not set)`, ignore: true, fn() {} });
}
