import { Command, Option } from "commander";
import assert from "node:assert/strict";
import { completionScript } from "../../../lib/cli/completion/script.ts";
import { commandWords } from "../../../lib/cli/completion/words.ts";

function tinyProgram(): Command {
  const program = new Command("tiny").option("--loud", "say more: it's a lot");
  const rollout = program.command("rollout").description("Roll out.");
  rollout.command("pause")
    .description("Pause it.")
    .option("-f, --filename <file>", "what to read")
    .addOption(new Option("--mode <mode>", "how").choices(["fast", "slow"]));
  return program;
}

Deno.test("commandWords() names commands within commands by all their words", () => {
  assert.deepEqual(commandWords(tinyProgram()).map(({ path }) => path), [
    "",
    "rollout",
    "rollout pause",
  ]);
});

Deno.test("commandWords() distinguishes files and choices from other values", () => {
  const pause = commandWords(tinyProgram()).at(-1);
  assert.deepEqual(pause?.options.map(({ flags, value }) => [flags.at(-1), value]), [
    ["--filename", "file"],
    ["--mode", "choice"],
    ["--loud", "none"],
    ["--help", "none"],
  ]);
});

Deno.test("completionScript() for zsh quotes descriptions and completes files where they belong", () => {
  const script = completionScript(tinyProgram(), "zsh");
  assert.ok(script.startsWith("#compdef tiny\n_tiny_values() {\n"));
  assert.ok(script.includes(`'--loud:say more: it'\\''s a lot'`));
  assert.ok(script.includes("'rollout pause:-f' | 'rollout pause:--filename') _files; return ;;"));
  assert.ok(script.includes("'rollout pause:--mode') compadd -- 'fast' 'slow'; return ;;"));
});

Deno.test("completionScript() for fish offers a command's words only where it is being typed", () => {
  const lines = completionScript(tinyProgram(), "fish").split("\n");
  const inRollout =
    "__fish_seen_subcommand_from rollout; and not __fish_seen_subcommand_from pause";
  const inPause = "__fish_seen_subcommand_from rollout; and __fish_seen_subcommand_from pause";
  for (
    const line of [
      "complete -c tiny -n '__fish_use_subcommand' -f",
      "complete -c tiny -n '__fish_use_subcommand' -a 'rollout' -d 'Roll out.'",
      `complete -c tiny -n '${inRollout}' -a 'pause' -d 'Pause it.'`,
      `complete -c tiny -n '${inPause}' -s f -l filename -d 'what to read' -r -F`,
      `complete -c tiny -n '${inPause}' -l mode -d 'how' -x -a 'fast slow'`,
      "complete -c tiny -n '__fish_use_subcommand' -l loud -d 'say more: it\\'s a lot'",
    ]
  ) assert.ok(lines.includes(line), line);
});
