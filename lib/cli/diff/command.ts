import type { Command } from "commander";
import { type CommandContext, type Given, withSystemNamespace } from "../command_line/context.ts";
import { helpNotes } from "../command_line/help.ts";
import {
  addClusterOptions,
  excludeNamespacesOption,
  filenameOption,
  outputOption,
  recursiveOption,
  systemNamespaceOption,
} from "../command_line/options.ts";
import type { DiffOptions } from "./diff.ts";

/** Adds `sidecarset diff`, whose code is loaded when it runs. */
export function addDiff(program: Command, { terminal, connect, exit }: CommandContext): void {
  const diff = program.command("diff")
    .description("Show what applying SidecarSets would change in the cluster.")
    .addOption(filenameOption("files with SidecarSets").makeOptionMandatory())
    .addOption(recursiveOption())
    .addOption(outputOption(["text", "json", "yaml"]))
    .addOption(excludeNamespacesOption())
    .addOption(systemNamespaceOption());
  addClusterOptions(diff)
    .addHelpText("after", helpNotes(NOTES))
    .action(async (options: Given<DiffOptions>) => {
      const { diffCommand } = await import("./diff.ts");
      const connection = await connect(options, terminal);
      const resolved = await withSystemNamespace(options, connection);
      exit(await diffCommand(resolved, { terminal, connection }));
    });
}

const NOTES = {
  text: [
    "For each SidecarSet: the changes of its spec, what new Pods get, which running",
    "Pods are upgraded in place under the update strategy (in order, by round), and",
    "which Pods must be recreated. A round ends when its Pods are available again.",
    "The file's spec is taken as the complete spec. Nothing is written.",
  ],
  examples: ["diff -f sidecarset.yaml", "diff -f sidecarset.yaml -o json"],
  statuses: [
    "0  no changes",
    "1  changes",
    "2  invalid command line, file or SidecarSet, or the cluster cannot be reached",
  ],
};
