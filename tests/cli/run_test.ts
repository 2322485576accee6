import assert from "node:assert/strict";
import { connect } from "../../lib/cli/command_line/context.ts";
import { createProgram } from "../../lib/cli/program.ts";
import { run } from "../../lib/cli/run.ts";
import { createTerminal } from "../../lib/cli/terminal/terminal.ts";
import { clusterOf } from "./object_cluster.ts";
import { runCli, stringTerminal } from "./string_terminal.ts";

Deno.test("run() answers a request for help with status 0, and none with help and status 2", async () => {
  const asked = await runCli(["--help"]);
  assert.equal(asked.status, 0);
  assert.match(asked.output, /^Usage: sidecarset /);
  const silent = await runCli([]);
  assert.equal(silent.status, 2);
  assert.equal(silent.errors, asked.output);
});

Deno.test("run() explains a command within a command, and none that there is not", async () => {
  const { status, output } = await runCli(["help", "rollout", "pause"]);
  assert.equal(status, 0);
  assert.match(output, /^Usage: sidecarset rollout pause /);
  const unknown = await runCli(["help", "rollout", "nonsense"]);
  assert.equal(unknown.status, 2);
  assert.equal(
    unknown.errors,
    "error: unknown command 'nonsense'\nSee: sidecarset rollout --help\n",
  );
});

Deno.test("run() shows where an error comes from only when it is asked to", async () => {
  const args = ["inject", "-f", "missing.yaml"];
  assert.doesNotMatch((await runCli(args)).errors, /\n +at /);
  for (const verbose of [["--verbose", ...args], [...args, "--verbose"]]) {
    assert.match((await runCli(verbose)).errors, /no such file\n +at /);
  }
});

Deno.test("run() never takes the word after --dry-run for its value", async () => {
  const { status, errors } = await runCli(["rollout", "pause", "--dry-run", "logging"]);
  assert.equal(status, 2);
  assert.equal(errors, "Cannot find a cluster: this test has none\n");
});

Deno.test("run() distinguishes a bug from an error of the user", async () => {
  const broken = {
    ...stringTerminal({ files: { f: "a: 1" } }),
    now(): Date {
      throw new TypeError("no clock");
    },
  };
  let errors = "";
  const terminal = { ...broken, error: (text: string) => errors += text };
  assert.equal(await run(["inject", "-f", "f"], terminal), 2);
  assert.equal(
    errors,
    "Cannot continue because of a bug: no clock; run the command again with --verbose and report the output\n",
  );
});

Deno.test("run() says what to run next by the name that the program is called by", async () => {
  const { client } = clusterOf([]);
  const { errors } = await runCli(["status"], { client, program: "kubectl sidecarset" });
  assert.match(errors, / Preview one with: kubectl sidecarset diff -f FILE\n$/);
});

function helpTexts(called: string): [string, string][] {
  const texts: [string, string][] = [];
  const terminal = stringTerminal({ program: called });
  const program = createProgram({ terminal: createTerminal(terminal), connect, exit() {} });
  const subcommands = program.commands.flatMap(({ commands }) => commands);
  for (const command of [program, ...program.commands, ...subcommands]) {
    let text = "";
    command.configureOutput({ writeOut: (part) => text += part });
    command.outputHelp();
    texts.push([command.name(), text]);
  }
  return texts;
}

for (const [name, text] of [...helpTexts("sidecarset"), ...helpTexts("kubectl sidecarset")]) {
  const [, called = ""] = /^Usage: ((?:kubectl )?sidecarset) /.exec(text) ?? [];
  Deno.test(`the help of ${name} has at most 80 columns where one runs ${called}`, () => {
    assert.deepEqual(text.split("\n").filter((line) => line.length > 80), []);
  });
  if (name === called) continue;
  Deno.test(`the help of ${name} has examples of ${called} and lists the exit statuses`, () => {
    const examples = text.split(/\nExamples?:\n/)[1]?.split("\n\n")[0]?.split("\n") ?? [];
    const command = new RegExp(`^  (?:.*[(] ?|.* \\| )?${called} [a-z_]`);
    assert.deepEqual(examples.filter((line) => !command.test(line)), []);
    assert.match(text, /\nExit status:\n {2}0 {2}/);
  });
}
