import type { Command } from "commander";
import type { CommandContext } from "../command_line/context.ts";
import { helpNotes } from "../command_line/help.ts";
import { addClusterOptions, dryRunOption, systemNamespaceOption } from "../command_line/options.ts";
import type { UninstallOptions } from "./uninstall.ts";

/** `sidecarset uninstall` */
export function addUninstall(program: Command, { terminal, connect, exit }: CommandContext): void {
  const uninstall = program.command("uninstall")
    .description("Remove the program from the cluster, and show what is left.")
    .addOption(dryRunOption())
    .addOption(systemNamespaceOption());
  addClusterOptions(uninstall)
    .addHelpText("after", helpNotes(NOTES))
    .action(async (options: UninstallOptions) => {
      const { uninstallCommand } = await import("./uninstall.ts");
      const connection = await connect(options, terminal);
      exit(await uninstallCommand(options, { terminal, connection }));
    });
}

const NOTES = {
  text: [
    "The webhook's registration goes first, so that Pods can be created at every",
    "moment; then the controller and, once it has ended, its rights. SidecarSets,",
    "their revisions and the containers that Pods have stay. What is left is listed,",
    "each with the command that removes it.",
  ],
  examples: ["uninstall --dry-run", "uninstall"],
  statuses: [
    "0  removed, or with --dry-run: would be",
    "1  a controller still runs, so that not everything is removed",
    "2  the cluster cannot be used",
    "130  ended by Ctrl-C",
  ],
};
