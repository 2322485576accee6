import type { Command } from "commander";
import { bashScript } from "./bash.ts";
import { fishScript } from "./fish.ts";
import { commandWords } from "./words.ts";
import { zshScript } from "./zsh.ts";

export type Shell = "bash" | "zsh" | "fish";

/** A script that completes a program's commands, options and their values, made from its definition. */
export function completionScript(program: Command, shell: Shell): string {
  const commands = commandWords(program);
  switch (shell) {
    case "bash":
      return bashScript(program.name(), commands);
    case "zsh":
      return zshScript(program.name(), commands);
    case "fish":
      return fishScript(program.name(), commands);
  }
}
