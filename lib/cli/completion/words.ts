import type { Command, Option } from "commander";

/** One option as a shell completes it. */
export interface OptionWords {
  /** `-o` and `--output`, as far as it has them. */
  readonly flags: readonly string[];
  readonly description: string;
  /** `optional`: one of the choices may follow after `=`. */
  readonly value: "none" | "optional" | "file" | "choice" | "other";
  readonly choices: readonly string[];
}

/** One command as a shell completes it. */
export interface CommandWords {
  /** Words after the program's name: `rollout pause`; empty for the program itself. */
  readonly path: string;
  readonly subcommands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly OptionWords[];
  /** Values that the command's first argument may have. */
  readonly choices: readonly string[];
  /** Whether its arguments are files. */
  readonly files: boolean;
}

/** All commands of a program, the program itself first. */
export function commandWords(program: Command): CommandWords[] {
  const global = program.options.map(optionWords);
  return unfold(program, { path: "", global });
}

function unfold(
  command: Command,
  { path, global }: { path: string; global: readonly OptionWords[] },
): CommandWords[] {
  const subcommands = command.commands.map((each) => ({
    name: each.name(),
    description: each.description(),
  }));
  const own = path === "" ? [] : command.options.map(optionWords);
  const words = {
    path,
    subcommands,
    options: [...own, ...global, HELP],
    choices: command.registeredArguments[0]?.argChoices ?? [],
    files: command.registeredArguments[0]?.name() === "file",
  };
  return [
    words,
    ...command.commands.flatMap((each) =>
      unfold(each, { path: path === "" ? each.name() : `${path} ${each.name()}`, global })
    ),
  ];
}

const HELP: OptionWords = {
  flags: ["-h", "--help"],
  description: "display help for command",
  value: "none",
  choices: [],
};

function optionWords({ short, long, description, argChoices, flags, ...option }: Option) {
  const value = !option.required
    ? option.optional && argChoices ? "optional" : "none"
    : argChoices
    ? "choice"
    : /<(file|folder)/i.test(flags)
    ? "file"
    : "other";
  return {
    flags: [short, long].filter((flag) => flag !== undefined),
    description,
    value,
    choices: argChoices ?? [],
  } satisfies OptionWords;
}

/** Text as one word of bash or zsh, with nothing in it expanded. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
