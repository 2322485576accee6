import type { Command } from "commander";
import type { ExplainOptions } from "../explain.ts";
import type { CommandContext } from "./context.ts";
import { helpNotes } from "./help.ts";
import {
  excludeNamespacesOption,
  filenameOption,
  namespaceOption,
  outputOption,
} from "./options.ts";

/** `sidecarset explain` */
export function addExplain(program: Command, { terminal, exit }: CommandContext): void {
  program.command("explain")
    .description("Say what each SidecarSet does to a Pod, and why.")
    .addOption(
      filenameOption("files with Pods or workloads, and SidecarSets").makeOptionMandatory(),
    )
    .addOption(outputOption(["text", "json", "yaml"]))
    .addOption(namespaceOption())
    .addOption(excludeNamespacesOption())
    .addHelpText("after", helpNotes(NOTES))
    .action(async (options: ExplainOptions) => {
      const { explainCommand } = await import("../explain.ts");
      exit(await explainCommand(options, terminal));
    });
}

const NOTES = {
  text: [
    "For each Pod, and each workload's template: which SidecarSets select it and",
    "which requirement fails for the others, what is injected in which order, and",
    "what is left out for which reason.",
  ],
  examples: [
    "explain -f pod.yaml -f sidecarset.yaml",
    "kubectl get deploy/web -o yaml | sidecarset explain -f - -f sidecarset.yaml",
  ],
  statuses: [
    "0  explained",
    "1  explained, and a Pod would be refused (failurePolicy Fail)",
    "2  the command line, a file or a SidecarSet cannot be used",
  ],
};
