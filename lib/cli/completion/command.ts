import { Argument, type Command } from "commander";
import type { CommandContext } from "../command_line/context.ts";
import { helpNotes } from "../command_line/help.ts";
import type { Completer } from "./script.ts";

/** `sidecarset completion` */
export function addCompletion(program: Command, { terminal, exit }: CommandContext): void {
  program.command("completion")
    .description("Print a script that completes the program's commands and options.")
    .addArgument(
      new Argument("<shell>", "the shell, or kubectl for its plugin").choices(COMPLETERS),
    )
    .addHelpText("after", helpNotes(NOTES))
    .action(async (completer: Completer) => {
      const { completionScript } = await import("./script.ts");
      terminal.writeData(completionScript(program, completer));
      exit(0);
    });
}

const COMPLETERS: readonly Completer[] = ["bash", "zsh", "fish", "kubectl"];

const NOTES = {
  text: [
    "Shells complete sidecarset. Behind kubectl sidecarset, kubectl's own completion",
    "asks an executable kubectl_complete-sidecarset on the PATH, which is what is",
    "printed for kubectl.",
  ],
  examples: [
    "source <(sidecarset completion bash)",
    "source <(sidecarset completion zsh)",
    "sidecarset completion fish | source",
    "sidecarset completion kubectl > ~/bin/kubectl_complete-sidecarset",
  ],
  statuses: ["0  printed", "2  the shell is not known"],
};
