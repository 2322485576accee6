import type { Command } from "commander";
import { bashScript } from "./bash.ts";
import { fishScript } from "./fish.ts";
import { kubectlScript } from "./kubectl.ts";
import { commandWords } from "./words.ts";
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
