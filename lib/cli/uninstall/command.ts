import type { Command } from "commander";
import { type CommandContext, type Given, withSystemNamespace } from "../command_line/context.ts";
import { helpNotes } from "../command_line/help.ts";
import { addClusterOptions, dryRunOption, systemNamespaceOption } from "../command_line/options.ts";
import type { UninstallOptions } from "./uninstall.ts";

/** Adds `sidecarset uninstall`, whose code is loaded when it runs. */
export function addUninstall(program: Command, { terminal, connect, exit }: CommandContext): void {
  const uninstall = program.command("uninstall")
    .description("Remove the installation from the cluster and list what remains.")
    .addOption(dryRunOption())
    .addOption(systemNamespaceOption());
  addClusterOptions(uninstall)
    .addHelpText("after", helpNotes(NOTES))
    .action(async (options: Given<UninstallOptions>) => {
      const { uninstallCommand } = await import("./uninstall.ts");
      const connection = await connect(options, terminal);
      const resolved = await withSystemNamespace(options, connection);
      exit(await uninstallCommand(resolved, { terminal, connection }));
    });
}

const NOTES = {
  text: [
    "Removes the webhook registration first, so that Pods can be created at any time,",
    "then the controller and, after it has terminated, its RBAC objects. SidecarSets,",
    "their revisions and injected containers stay. Remaining objects are listed with",
    "the commands that remove them.",
  ],
  examples: ["uninstall --dry-run", "uninstall"],
  statuses: [
    "0  removed; with --dry-run: would be removed",
    "1  a controller is still running, so not everything is removed",
    "2  the cluster cannot be reached",
    "130  interrupted by Ctrl-C",
  ],
};
