import { Argument, type Command } from "commander";
import type { CommandContext } from "../command_line/context.ts";
import { helpNotes } from "../command_line/help.ts";
import type { Shell } from "./script.ts";

/** `sidecarset completion` */
export function addCompletion(program: Command, { terminal, exit }: CommandContext): void {
  program.command("completion")
    .description("Print a script that completes the program's commands and options.")
    .addArgument(new Argument("<shell>", "the shell to complete in").choices(SHELLS))
    .addHelpText("after", helpNotes(NOTES))
    .action(async (shell: Shell) => {
      const { completionScript } = await import("./script.ts");
      terminal.write(completionScript(program, shell));
      exit(0);
    });
}

const SHELLS: readonly Shell[] = ["bash", "zsh", "fish"];

const NOTES = {
  examples: [
    "source <(sidecarset completion bash)",
    "source <(sidecarset completion zsh)",
    "sidecarset completion fish > ~/.config/fish/completions/sidecarset.fish",
  ],
  statuses: ["0  printed", "2  the shell is not known"],
};
