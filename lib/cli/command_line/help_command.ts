import type { Command } from "commander";
import { helpNotes } from "./help.ts";

/** `sidecarset help`, which takes the names of commands within commands too. */
export function addHelp(program: Command): void {
  program.helpCommand(false);
  for (const command of program.commands) command.helpCommand(false);
  program.command("help")
    .description("Explain a command.")
    .argument("[command...]", "its name")
    .addHelpText("after", helpNotes(NOTES))
    .action((names: string[]) => commandNamed(program, names).help());
}

function commandNamed(program: Command, names: readonly string[]): Command {
  let command = program;
  for (const name of names) {
    const found = command.commands.find((each) => each.name() === name);
    if (found === undefined) return command.error(`error: unknown command '${name}'`);
    command = found;
  }
  return command;
}

const NOTES = {
  examples: ["help rollout pause"],
  statuses: ["0  explained", "2  there is no such command"],
};
