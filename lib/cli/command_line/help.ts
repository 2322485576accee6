import type { Command } from "commander";
import { wrapped } from "../terminal/output.ts";

export interface HelpNotes {
  /** One paragraph, which is broken into lines as wide as the terminal. Commands begin with `sidecarset`, and are printed as this user calls it. */
  readonly text?: readonly string[];
  /** The same; without the program's name in front, unless something else comes first. */
  readonly examples: readonly string[];
  /** Each with its meaning. */
  readonly statuses: readonly string[];
}

/** What stands below the options in the help of a command. */
export function helpNotes({ text = [], examples, statuses }: HelpNotes) {
  const commands = examples.map((line) =>
    line.includes("sidecarset ") ? line : `sidecarset ${line}`
  );
  return ({ command, error }: { command: Command; error: boolean }) => {
    const { getOutHelpWidth, getErrHelpWidth } = command.configureOutput();
    const columns = (error ? getErrHelpWidth : getOutHelpWidth)?.();
    const asCalled = (note: string) =>
      note.replaceAll(/(?<!kubectl |[\w-])sidecarset (?=[a-z])/g, `${programOf(command).name()} `);
    return [
      ...(text.length > 0 ? ["", ...wrapped(asCalled(text.join(" ")), 0, columns)] : []),
      "",
      examples.length > 1 ? "Examples:" : "Example:",
      ...commands.map((line) => `  ${asCalled(line)}`),
      "",
      "Exit status:",
      ...statuses.flatMap((line) => statusLines(line, columns)),
    ].join("\n");
  };
}

/** A status and its meaning, whose further lines stand below its first one. */
function statusLines(line: string, columns: number | undefined): string[] {
  const [status = ""] = line.split(" ", 1);
  const indent = `  ${status}  `;
  const [first = "", ...rest] = wrapped(line.slice(status.length), indent.length, columns);
  return [indent + first.trimStart(), ...rest];
}

/** Lets the command and those within it say after an error where it is explained what they take. */
export function showHelpAfterErrors(command: Command): void {
  command.showHelpAfterError(`See: ${fullName(command)} --help`);
  for (const each of command.commands) showHelpAfterErrors(each);
}

function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}

function programOf(command: Command): Command {
  return command.parent === null ? command : programOf(command.parent);
}

/** `sidecarset help`, which takes the names of commands within commands too. */
export function addHelp(program: Command): void {
  program.helpCommand(false);
  for (const command of program.commands) command.helpCommand(false);
  program.command("help")
    .description("Show the help of a command.")
    .argument("[command...]", "name of the command")
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
  statuses: ["0  help shown", "2  unknown command"],
};
