import assert from "node:assert/strict";
import { runCli } from "../string_terminal.ts";

const SCRIPT = (await runCli(["completion", "bash"])).output;

/** What a real bash offers for the last of the words. */
async function offered(...words: string[]): Promise<string[]> {
  const quoted = words.map((word) => `'${word}'`).join(" ");
  const program = `${SCRIPT}
set -eu
complete -p sidecarset > /dev/null
COMP_WORDS=(${quoted})
COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
_sidecarset
printf '%s\\n' "\${COMPREPLY[@]+"\${COMPREPLY[@]}"}"
`;
  const bash = new Deno.Command("bash", { args: ["--norc", "-c", program], stderr: "piped" });
  const { code, stdout, stderr } = await bash.output();
  assert.equal(new TextDecoder().decode(stderr), "");
  assert.equal(code, 0);
  return new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "");
}

const CASES: [string, string[], string[]][] = [
  ["a command by its beginning", ["sidecarset", "in"], ["inject"]],
  ["options of a command", ["sidecarset", "inject", "--fi"], ["--filename"]],
  ["the values of an option", ["sidecarset", "inject", "-o", ""], [
    "yaml",
    "json",
    "diff",
    "name",
    "jsonpath=",
  ]],
  ["a value by its beginning", ["sidecarset", "explain", "--output", "t"], ["text"]],
  ["an option after an option", ["sidecarset", "inject", "-o", "json", "-n", "x", "--file"], [
    "--filename",
  ]],
  ["the values of an argument", ["sidecarset", "completion", ""], [
    "bash",
    "zsh",
    "fish",
    "kubectl",
  ]],
  ["an option for all commands", ["sidecarset", "validate", "--verb"], ["--verbose"]],
  ["a value after =", ["sidecarset", "uninstall", "--dry-run", "=", "s"], ["server"]],
  ["all values after =", ["sidecarset", "uninstall", "--dry-run", "="], [
    "none",
    "client",
    "server",
  ]],
  ["an option where a value may be left out", ["sidecarset", "uninstall", "--dry-run", "--sys"], [
    "--system-namespace",
  ]],
  ["no names for a file", ["sidecarset", "inject", "-f", ""], []],
  ["nothing for a command that there is not", ["sidecarset", "nonsense", "x"], []],
];

for (const [what, words, expected] of CASES) {
  Deno.test(`the completion script in a real bash offers ${what}`, async () => {
    assert.deepEqual(await offered(...words), expected);
  });
}

Deno.test("the completion script in a real bash offers every command", async () => {
  const offers = await offered("sidecarset", "");
  for (const command of ["inject", "explain", "validate", "controller", "version"]) {
    assert.ok(offers.includes(command), command);
  }
});
