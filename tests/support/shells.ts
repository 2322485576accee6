/** Set where every shell that completion scripts are for has to be there. */
const REQUIRED = "SIDECARSET_REQUIRE_SHELLS";

/** A test in a real shell. Where the machine does not have it the test is left out, and says so; with SIDECARSET_REQUIRE_SHELLS it fails. */
export function shellTest(
  shell: "bash" | "zsh" | "fish",
  name: string,
  test: () => void | Promise<void>,
): void {
  if (isInstalled(shell)) Deno.test(name, test);
  else if (Deno.env.get(REQUIRED)) {
    Deno.test(name, () => {
      throw new Error(`Cannot test completion in ${shell}: it is not installed`);
    });
  } else Deno.test({ name: `${name} (${shell} is not installed)`, ignore: true, fn: test });
}

function isInstalled(shell: string): boolean {
  const { success } = new Deno.Command("sh", {
    args: ["-c", `command -v ${shell}`],
    stdout: "null",
  }).outputSync();
  return success;
}
