import { bashScript } from "./bash.ts";
import type { CommandWords } from "./words.ts";

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
