import { Argument, type Command } from "commander";
import type { CommandContext } from "../command_line/context.ts";
import { helpNotes } from "../command_line/help.ts";
import type { Completer } from "./script.ts";
import type { Values } from "./words.ts";

/** Adds `sidecarset completion`, whose code is loaded when it runs. */
export function addCompletion(program: Command, { terminal, exit }: CommandContext): void {
  program.command("completion")
    .description("Print a completion script for a shell or kubectl.")
    .addArgument(
      new Argument("<shell>", "shell, or kubectl to complete the plugin").choices(COMPLETERS),
    )
    .addHelpText("after", helpNotes(NOTES))
    .action(async (completer: Completer) => {
      const { completionScript } = await import("./script.ts");
      terminal.writeData(completionScript(program, completer));
      exit(0);
    });
}

/** `sidecarset __complete`, which completion scripts call for values that only the kubeconfig or cluster knows. */
export function addCompleteValues(program: Command, context: CommandContext): void {
  program.command("__complete", { hidden: true })
    .addArgument(new Argument("<values>", "what to list").choices(VALUES))
    .argument("[word...]", "the typed words, after --")
    .addHelpText(
      "after",
      helpNotes({
        examples: ["__complete namespaces -- status"],
        statuses: ["0  printed, or nothing is known"],
      }),
    )
    .action(async (values: Values, words: string[]) => {
      const { completeValues } = await import("./values.ts");
      const found = await completeValues(values, { ...context, words });
      context.terminal.writeData(found.map((each) => `${each}\n`).join(""));
      context.exit(0);
    });
}

const VALUES: readonly Values[] = ["sidecarsets", "contexts", "namespaces"];

const COMPLETERS: readonly Completer[] = ["bash", "zsh", "fish", "kubectl"];

const NOTES = {
  text: [
    "The scripts for shells complete sidecarset. To complete kubectl sidecarset,",
    "kubectl runs an executable kubectl_complete-sidecarset from the PATH: save the",
    "output for kubectl under that name.",
  ],
  examples: [
    "source <(sidecarset completion bash)",
    "source <(sidecarset completion zsh)",
    "sidecarset completion fish | source",
    "sidecarset completion kubectl > ~/bin/kubectl_complete-sidecarset",
  ],
  statuses: ["0  printed", "2  unknown shell"],
};
