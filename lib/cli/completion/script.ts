import type { Command } from "commander";
import { bashScript } from "./bash.ts";
import { fishScript } from "./fish.ts";
import { type CommandWords, commandWords } from "./words.ts";
import { zshScript } from "./zsh.ts";

/** Target of the script: a shell, or kubectl, which runs a completion program for a plugin. */
export type Completer = "bash" | "zsh" | "fish" | "kubectl";

/** Generates a completion script for a program's commands, options and option values. */
export function completionScript(program: Command, completer: Completer): string {
  const commands = commandWords(program);
  // kubectl's plugin has a two-word name; the script completes the last word.
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
 * The program that kubectl runs to complete its plugin. It gets the words of the command line, the incomplete one last,
 * and prints the candidates. kubectl completes files if it prints nothing.
 */
function kubectlScript(program: string, commands: readonly CommandWords[]): string {
  return `#!/usr/bin/env bash
${bashScript(program, commands, `kubectl-${program}`)}
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
