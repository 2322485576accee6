import type { Command } from "commander";
import { bashScript } from "./bash.ts";
import { fishScript } from "./fish.ts";
import { type CommandWords, commandWords } from "./words.ts";
import { zshScript } from "./zsh.ts";

/** What completes: a shell by itself, or kubectl, which asks its plugins. */
export type Completer = "bash" | "zsh" | "fish" | "kubectl";

/** A script that completes a program's commands, options and their values, made from its definition. */
export function completionScript(program: Command, completer: Completer): string {
  const commands = commandWords(program);
  // The name of a plugin of kubectl is two words, and a shell completes the first.
  const name = program.name().split(" ").at(-1) ?? "";
  switch (completer) {
    case "bash":
      return bashScript(name, commands);
    case "zsh":
      return zshScript(name, commands);
    case "fish":
      return fishScript(name, commands);
    case "kubectl":
      return kubectlScript(name, commands);
  }
}

/**
 * What kubectl runs to complete the words behind its plugin's name: a program that is given them, the one that is being
 * typed last, and prints what may stand in its place. Where it prints nothing, kubectl completes files.
 */
export function kubectlScript(program: string, commands: readonly CommandWords[]): string {
  return `#!/usr/bin/env bash
${bashScript(program, commands)}
COMP_WORDS=(${program})
for word in "$@"; do
  case "$word" in
    --*=*) COMP_WORDS+=("\${word%%=*}" "=" "\${word#*=}") ;;
    *) COMP_WORDS+=("$word") ;;
  esac
done
COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
_${program}
printf '%s\\n' "\${COMPREPLY[@]+"\${COMPREPLY[@]}"}"
`;
}
