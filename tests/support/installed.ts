/** Set where every tool that tests use has to be there. */
const REQUIRED = "SIDECARSET_REQUIRE_TOOLS";

/** A test with a real tool. Where the machine does not have it the test is left out, and says so; with SIDECARSET_REQUIRE_TOOLS it fails. */
export function testWith(
  tool: "bash" | "zsh" | "fish" | "promtool",
  name: string,
  test: () => void | Promise<void>,
): void {
  if (isInstalled(tool)) Deno.test(name, test);
  else if (Deno.env.get(REQUIRED)) {
    Deno.test(name, () => {
      throw new Error(`Cannot test with ${tool}: it is not installed`);
    });
  } else Deno.test({ name: `${name} (${tool} is not installed)`, ignore: true, fn: test });
}

function isInstalled(tool: string): boolean {
  const { success } = new Deno.Command("sh", {
    args: ["-c", `command -v ${tool}`],
    stdout: "null",
  }).outputSync();
  return success;
}
