import type { Command } from "commander";

/**
 * Rewrites kubectl's forms of flags to those that commander parses: `-o=json`, `--watch=true`, `--watch=false`, and
 * `--dry-run` without a value.
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
  return isShortForms(flag, switches) ? [flag, value] : [arg];
}

/** Whether the value belongs to the last letter, as in `-Al=app`; in `-ojsonpath=x`, `jsonpath=x` is the value. */
function isShortForms(flag: string, switches: ReadonlySet<string>): boolean {
  return /^-[A-Za-z]+$/.test(flag) &&
    [...flag.slice(1, -1)].every((letter) => switches.has(`-${letter}`));
}

/** The flags without a value, of a command and its subcommands. */
function switchesOf(command: Command): string[] {
  const own = command.options.filter(({ required, optional }) => !required && !optional)
    .flatMap(({ short, long }) => [short, long].filter((flag) => flag !== undefined));
  return [...own, ...command.commands.flatMap(switchesOf)];
}
