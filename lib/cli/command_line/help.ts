import type { Command } from "commander";

export interface HelpNotes {
  /** In lines of at most 80 columns. Commands begin with `sidecarset`, and are printed as this user calls it. */
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
  const notes = [
    ...(text.length > 0 ? ["", ...text] : []),
    "",
    examples.length > 1 ? "Examples:" : "Example:",
    ...commands.map((line) => `  ${line}`),
    "",
    "Exit status:",
    ...statuses.map((line) => `  ${line}`),
  ].join("\n");
  return ({ command }: { command: Command }) =>
    notes.replaceAll(/(?<!kubectl |[\w-])sidecarset (?=[a-z])/g, `${programOf(command).name()} `);
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
