/** Set where every tool that tests use has to be there. */
const REQUIRED = "SIDECARSET_REQUIRE_TOOLS";

type Tool = "bash" | "zsh" | "fish" | "promtool";

/**
 * A test with a real tool. Where the machine does not have it the test is left out, and says so; with
 * SIDECARSET_REQUIRE_TOOLS it fails.
 */
export function testWith(tool: Tool, name: string, test: () => void | Promise<void>): void {
  if (isInstalled(tool)) Deno.test(name, test);
  else if (isRequired()) Deno.test(name, () => failWithout(tool));
  else Deno.test({ name: `${name} (${tool} is not installed)`, ignore: true, fn: test });
}

/**
 * A test with Chromium, on a control plane. Of those none may be skipped, so where the machine has no Chromium it is
 * not defined, and one sentence says so.
 */
export function testInBrowser(name: string, test: (t: Deno.TestContext) => Promise<void>): void {
  if (isInstalled("chromium")) {
    // The library closes its connections to the browser after the process has ended.
    Deno.test({ name, fn: test, sanitizeOps: false, sanitizeResources: false });
  } else if (isRequired()) Deno.test(name, () => failWithout("chromium"));
  else console.error(`Not tested, because chromium is not installed: ${name}`);
}

function isRequired(): boolean {
  return Boolean(Deno.env.get(REQUIRED));
}

function failWithout(tool: string): never {
  throw new Error(`Cannot test with ${tool}: it is not installed`);
}

function isInstalled(tool: string): boolean {
  const { success } = new Deno.Command("sh", {
    args: ["-c", `command -v ${tool}`],
    stdout: "null",
  }).outputSync();
  return success;
}
