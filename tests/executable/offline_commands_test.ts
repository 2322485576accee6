import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { type GoldenCase, goldenFiles } from "../cli/golden_cases.ts";
import { runCli } from "../cli/string_terminal.ts";
import { testWithExecutable } from "../support/test_with_executable.ts";

/** Runs a case's command in a folder with its files, without a home folder. */
async function printed(executable: string, { command, files }: GoldenCase) {
  const folder = await Deno.makeTempDir({ prefix: "sidecarset-executable-" });
  try {
    const { stdin = "", ...rest } = files;
    for (const [name, text] of Object.entries(rest)) {
      await Deno.mkdir(dirname(join(folder, name)), { recursive: true });
      await Deno.writeTextFile(join(folder, name), text);
    }
    const [, ...args] = command.split(" ");
    const child = new Deno.Command(executable, {
      args,
      cwd: folder,
      clearEnv: true,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const [{ code, stdout, stderr }] = await Promise.all([
      child.output(),
      new Blob([stdin]).stream().pipeTo(child.stdin).catch(() => {}),
    ]);
    const decoder = new TextDecoder();
    return {
      "exit status": `${code}\n`,
      "standard output": decoder.decode(stdout),
      "standard error": decoder.decode(stderr),
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Commands whose output is too long, or too often another one, for a golden case. */
const OTHERS = [
  "manifests",
  "manifests --cert-manager --openkruise --prometheus-operator --replicas 3 -o json",
  ...["bash", "zsh", "fish"].map((shell) => `completion ${shell}`),
];

/** What differs by nature: the time of an injection, and why there is no cluster. */
function comparable(results: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(results).map(([name, text]) => [
    name,
    text.replaceAll(/(\\?"updateTimestamp\\?":\\?")[^"\\]+/g, "$1TIME")
      .replace(/^Cannot find a cluster: .*$/m, "Cannot find a cluster: REASON"),
  ]);
  return Object.fromEntries(entries);
}

testWithExecutable("the executable prints what the sources print", async (executable, t) => {
  for (const { title, read } of goldenFiles()) {
    const golden = read();
    if ("cluster.yaml" in golden.files) continue;
    await t.step(title, async () => {
      const results = await printed(executable, golden);
      assert.deepEqual(comparable(results), comparable(golden.results));
    });
  }
  for (const command of OTHERS) {
    await t.step(`sidecarset ${command}`, async () => {
      const { status, output, errors } = await runCli(command.split(" "));
      const golden = { command: `sidecarset ${command}`, files: {}, results: {} };
      assert.deepEqual(await printed(executable, golden), {
        "exit status": `${status}\n`,
        "standard output": output,
        "standard error": errors,
      });
    });
  }
});
