import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { testWith } from "../../support/installed.ts";
import { runCli } from "../string_terminal.ts";

const SCRIPT = (await runCli(["completion", "fish"])).output;

/** What a real fish offers for the end of a line, with the script where fish looks for it. */
async function offered(line: string): Promise<string[]> {
  const folder = await Deno.makeTempDir();
  try {
    const script = join(folder, "fish", "completions", "sidecarset.fish");
    await Deno.mkdir(dirname(script), { recursive: true });
    await Deno.writeTextFile(script, SCRIPT);
    await Deno.writeTextFile(join(folder, "set.yaml"), "");
    const fish = new Deno.Command("fish", {
      // Fish completes only what can be called.
      args: ["-c", "function sidecarset; end; complete -C $argv[1]", line],
      cwd: folder,
      env: { HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder, TERM: "dumb" },
      stderr: "piped",
    });
    const { code, stdout, stderr } = await fish.output();
    assert.equal(new TextDecoder().decode(stderr), "");
    assert.equal(code, 0);
    return new TextDecoder().decode(stdout).split("\n").filter((each) => each !== "")
      .map((each) => each.split("\t")[0] ?? "");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const CASES: [string, string, string[]][] = [
  ["a command by its beginning", "sidecarset in", ["inject"]],
  ["commands within a command", "sidecarset rollout re", ["restart-injection", "resume"]],
  ["options of a command", "sidecarset inject --fi", ["--filename"]],
  ["the values of an option", "sidecarset inject -o ", [
    "diff",
    "json",
    "jsonpath=",
    "name",
    "yaml",
  ]],
  ["a value by its beginning", "sidecarset explain --output t", ["text"]],
  ["a value after =", "sidecarset uninstall --dry-run=s", ["--dry-run=server"]],
  ["the values of an argument", "sidecarset completion ", ["bash", "fish", "kubectl", "zsh"]],
  ["an option for all commands", "sidecarset rollout undo --verb", ["--verbose"]],
  ["files where they belong", "sidecarset inject -f se", ["set.yaml"]],
  ["files for an argument that is one", "sidecarset validate se", ["set.yaml"]],
  ["no files where they do not belong", "sidecarset rollout pause se", []],
];

for (const [what, line, expected] of CASES) {
  testWith("fish", `the completion script in a real fish offers ${what}`, async () => {
    assert.deepEqual((await offered(line)).toSorted(), expected);
  });
}
