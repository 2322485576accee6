import type { CommandWords, OptionWords, Values } from "./words.ts";

/** Generates one `complete` command per word and option. */
export function fishScript(program: string, commands: readonly CommandWords[]): string {
  const lines = commands.flatMap((command) => {
    const prefix = `complete -c ${program} -n ${quotedForFish(conditionOf(command))}`;
    const { subcommands, choices, values, files, options } = command;
    return [
      `${prefix} ${files ? "-F" : "-f"}`,
      ...subcommands.map(({ name, description }) =>
        `${prefix} -a ${quotedForFish(name)} -d ${quotedForFish(description)}`
      ),
      ...(choices.length > 0 ? [`${prefix} -a ${quotedForFish(choices.join(" "))}`] : []),
      ...(values === undefined ? [] : [`${prefix} -a ${valuesWords(program, values)}`]),
      ...options.map((option) => `${prefix} ${optionWords(program, option)}`),
    ];
  });
  return `# fish completion for ${program}\n${lines.join("\n")}\n`;
}

function conditionOf({ path, subcommands }: CommandWords): string {
  if (path === "") return "__fish_use_subcommand";
  const seen = path.split(" ").map((word) => `__fish_seen_subcommand_from ${word}`);
  // After a subcommand, only that subcommand completes.
  if (subcommands.length > 0) {
    const names = subcommands.map(({ name }) => name).join(" ");
    seen.push(`not __fish_seen_subcommand_from ${names}`);
  }
  return seen.join("; and ");
}

/** Called when the value is completed. */
function valuesWords(program: string, values: Values): string {
  const typed = "(commandline -opc)[2..-1] (commandline -ct)";
  return quotedForFish(`(${program} __complete ${values} -- ${typed} 2> /dev/null)`);
}

function optionWords(
  program: string,
  { flags, description, value, choices, values }: OptionWords,
): string {
  const names = flags.map((flag) =>
    flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`
  );
  const parts = [...names, `-d ${quotedForFish(description)}`];
  if (values !== undefined) parts.push(`-x -a ${valuesWords(program, values)}`);
  else if (value === "choice") parts.push(`-x -a ${quotedForFish(choices.join(" "))}`);
  else if (value === "optional") parts.push(`-f -a ${quotedForFish(choices.join(" "))}`);
  else if (value === "file") parts.push("-r -F");
  else if (value === "other") parts.push("-x");
  return parts.join(" ");
}

/** Between single quotes, fish interprets only the quote and the backslash. */
function quotedForFish(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
