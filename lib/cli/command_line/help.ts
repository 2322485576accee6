import type { Command } from "commander";
import { wrapped } from "../terminal/output.ts";

/** What a command's help has besides arguments and options. */
interface HelpNotes {
  /** One paragraph, wrapped to the terminal's width. `sidecarset` in commands becomes the name of the call. */
  readonly text?: readonly string[];
  /** Example commands; the program's name is added unless the line contains it. */
  readonly examples: readonly string[];
  /** Exit statuses with their meaning. */
  readonly statuses: readonly string[];
}

/** Creates the help text below the options of a command. */
export function helpNotes({ text = [], examples, statuses }: HelpNotes) {
  const commands = examples.map((line) =>
    line.includes("sidecarset ") ? line : `sidecarset ${line}`
  );
  return ({ command, error }: { command: Command; error: boolean }) => {
    const { getOutHelpWidth, getErrHelpWidth } = command.configureOutput();
    const columns = (error ? getErrHelpWidth : getOutHelpWidth)?.();
    const asCalled = (note: string) =>
      note.replaceAll(/(?<!kubectl |[\w-])sidecarset (?=[a-z_])/g, `${programOf(command).name()} `);
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

/** A status and its meaning, wrapped with a hanging indent. */
function statusLines(line: string, columns: number | undefined): string[] {
  const [status = ""] = line.split(" ", 1);
  const indent = `  ${status}  `;
  const [first = "", ...rest] = wrapped(line.slice(status.length), indent.length, columns);
  return [indent + first.trimStart(), ...rest];
}

/** Makes a command and its subcommands name the help command after an error. */
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

/** Adds `sidecarset help`, which also takes subcommands: `help rollout pause`. */
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
