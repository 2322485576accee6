import type { Command, Option } from "commander";

/** An option for completion. */
export interface OptionWords {
  /** Short and long form: `-o`, `--output`. */
  readonly flags: readonly string[];
  readonly description: string;
  /** Kind of the value; `optional`: one of the choices may follow after `=`. */
  readonly value: "none" | "optional" | "file" | "choice" | "other";
  readonly choices: readonly string[];
}

/** A command for completion. */
export interface CommandWords {
  /** Path below the program: `rollout pause`; empty for the program itself. */
  readonly path: string;
  readonly subcommands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly OptionWords[];
  /** Allowed values of the first argument. */
  readonly choices: readonly string[];
  /** Whether the arguments are files. */
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

/** Quotes text for bash and zsh. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
