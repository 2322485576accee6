import assert from "node:assert/strict";
import { delimiter, join } from "node:path";
import { findBinaries } from "../../support/binaries.ts";
import { runCli } from "../string_terminal.ts";

const { output: SCRIPT } = await runCli(["completion", "kubectl"], {
  program: "kubectl sidecarset",
});

/** What kubectl's own completion offers behind `kubectl sidecarset`, with the script where the help says to put it. */
async function offered(words: readonly string[]): Promise<string[]> {
  const binaries = await findBinaries(["kubectl"], { progress: console.error });
  const folder = await Deno.makeTempDir();
  try {
    for (
      const [name, text] of [
        ["kubectl-sidecarset", "#!/bin/sh\n"],
        ["kubectl_complete-sidecarset", SCRIPT],
      ] as const
    ) await Deno.writeTextFile(join(folder, name), text, { mode: 0o755 });
    const kubectl = new Deno.Command(binaries.path("kubectl"), {
      args: ["__complete", "sidecarset", ...words],
      env: { PATH: `${folder}${delimiter}${Deno.env.get("PATH")}`, KUBECONFIG: "/dev/null" },
      stderr: "null",
    });
    const { code, stdout } = await kubectl.output();
    assert.equal(code, 0);
    const lines = new TextDecoder().decode(stdout).split("\n");
    return lines.filter((line) => line !== "" && !line.startsWith(":"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const CASES: [string, string[], string[]][] = [
  ["a command by its beginning", ["in"], ["inject"]],
  ["commands within a command", ["rollout", "re"], ["resume", "restart-injection"]],
  ["options of a command", ["inject", "--fi"], ["--filename"]],
  ["the values of an option", ["inject", "-o", ""], ["yaml", "json", "diff", "name", "jsonpath="]],
  ["a value after =", ["uninstall", "--dry-run=s"], ["server"]],
  ["no names for a file", ["inject", "-f", ""], []],
];

for (const [what, words, expected] of CASES) {
  Deno.test(`kubectl completes its plugin: it offers ${what}`, async () => {
    assert.deepEqual(await offered(words), expected);
  });
}

Deno.test("kubectl completes its plugin: it offers every command", async () => {
  const offers = await offered([""]);
  for (const command of ["inject", "explain", "rollout", "version"]) {
    assert.ok(offers.includes(command), command);
  }
});
