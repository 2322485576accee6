import assert from "node:assert/strict";
import { runCli } from "../string_terminal.ts";

const COMMANDS = [
  "inject",
  "explain",
  "diff",
  "validate",
  "status",
  "rollout",
  "rollout pause",
  "rollout restart-injection",
  "doctor",
  "controller",
  "completion",
  "manifests",
  "uninstall",
  "version",
];

/** Examples are commands, which stay whole, as a word does that is longer than its column. */
function linesOf(help: string): string[] {
  const [before = "", after = ""] = help.split(/^Examples?:$/m);
  return [...before.split("\n"), ...(after.split("\n\n")[1] ?? "").split("\n")]
    .filter((line) => !/^ +\S+$/.test(line));
}

for (const command of COMMANDS) {
  Deno.test(`the help of ${command} is as wide as the terminal`, async () => {
    const widest = async (columns: number) => {
      const { output } = await runCli(["help", ...command.split(" ")], { columns });
      return Math.max(...linesOf(output).map((line) => line.length));
    };
    const [narrow, usual, wide] = [await widest(64), await widest(80), await widest(160)];
    assert.ok(narrow <= 64, `${narrow}`);
    assert.ok(usual <= 80, `${usual}`);
    assert.ok(wide <= 160 && wide >= usual, `${wide}`);
  });
}

Deno.test("the help of inject uses a wide terminal", async () => {
  const { output } = await runCli(["inject", "--help"], { columns: 160 });
  assert.ok(linesOf(output).some((line) => line.length > 120));
});
