import type { Command, Option } from "commander";

/** Values that are read when they are completed. */
export type Values = "sidecarsets" | "contexts" | "namespaces";

/** What a shell offers for an option and its value. */
export interface OptionWords {
  /** Short and long form: `-o`, `--output`. */
  readonly flags: readonly string[];
  readonly description: string;
  /** Kind of the value; `optional`: one of the choices may follow after `=`. */
  readonly value: "none" | "optional" | "file" | "choice" | "other";
  readonly choices: readonly string[];
  /** What the value names. */
  readonly values?: Values;
}

/** What a shell offers after a command: subcommands, options and arguments. */
export interface CommandWords {
  /** Path below the program: `rollout pause`; empty for the program itself. */
  readonly path: string;
  readonly subcommands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly OptionWords[];
  /** Allowed values of the first argument. */
  readonly choices: readonly string[];
  /** What the arguments name. */
  readonly values?: Values;
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
  const visible = visibleCommands(command);
  const subcommands = visible.map((each) => ({
    name: each.name(),
    description: each.description(),
  }));
  const own = path === "" ? [] : command.options.map(optionWords);
  const words = {
    path,
    subcommands,
    options: [...own, ...global, HELP],
    choices: command.registeredArguments[0]?.argChoices ?? [],
    // Commands whose argument is a name take SidecarSets.
    ...(command.registeredArguments[0]?.name() === "name"
      ? { values: "sidecarsets" as const }
      : {}),
    files: command.registeredArguments[0]?.name() === "file",
  };
  return [
    words,
    ...visible.flatMap((each) =>
      unfold(each, { path: path === "" ? each.name() : `${path} ${each.name()}`, global })
    ),
  ];
}

function visibleCommands(command: Command): readonly Command[] {
  const visible = command.createHelp().visibleCommands(command);
  return command.commands.filter((each) => visible.includes(each));
}

/** Options whose values exist in the kubeconfig or in the cluster. */
const VALUES_OF: Readonly<Record<string, Values>> = {
  "--context": "contexts",
  "--namespace": "namespaces",
  "--system-namespace": "namespaces",
  "--exclude-namespaces": "namespaces",
};

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
    ...valuesOf(long),
  } satisfies OptionWords;
}

function valuesOf(flag: string | undefined): { values?: Values } {
  const values = flag === undefined ? undefined : VALUES_OF[flag];
  return values === undefined ? {} : { values };
}

/** Quotes text for bash and zsh. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
