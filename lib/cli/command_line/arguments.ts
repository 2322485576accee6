import type { Command } from "commander";

/**
 * The arguments with the forms that kubectl takes besides in place of those that the parser knows: `-o=json`, `--watch=true` and
 * `--watch=false`, and `--dry-run` without a value, which never is the next word.
 */
export function parsedForms(args: readonly string[], program: Command): string[] {
  const switches = new Set(switchesOf(program));
  const end = args.indexOf("--");
  const options = end < 0 ? args : args.slice(0, end);
  return [
    ...options.flatMap((arg) => parsedForm(arg, switches)),
    ...(end < 0 ? [] : args.slice(end)),
  ];
}

function parsedForm(arg: string, switches: ReadonlySet<string>): string[] {
  if (arg === "--dry-run") return ["--dry-run=client"];
  const [, flag = "", value = ""] = /^(--?[A-Za-z][\w-]*)=(.*)$/s.exec(arg) ?? [];
  if (switches.has(flag) && value === "true") return [flag];
  if (switches.has(flag) && value === "false") return [];
  return /^-[A-Za-z]+$/.test(flag) ? [flag, value] : [arg];
}

/** The flags that take no value, of all commands. */
function switchesOf(command: Command): string[] {
  const own = command.options.filter(({ required, optional }) => !required && !optional)
    .flatMap(({ short, long }) => [short, long].filter((flag) => flag !== undefined));
  return [...own, ...command.commands.flatMap(switchesOf)];
}
