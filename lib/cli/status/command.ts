import { type Command, Option } from "commander";
import type { CommandContext } from "../command_line/context.ts";
import { helpNotes } from "../command_line/help.ts";
import {
  addClusterOptions,
  excludeNamespacesOption,
  outputOption,
  secondsOf,
  sidecarSetName,
  systemNamespaceOption,
} from "../command_line/options.ts";
import type { StatusOptions } from "./status.ts";

/** `sidecarset status` */
export function addStatus(program: Command, { terminal, connect, exit }: CommandContext): void {
  const status = program.command("status")
    .description("Show how many Pods have which revision of each SidecarSet.")
    .argument("[name...]", "SidecarSets; all of them without a name")
    .option("-l, --selector <labels>", "only SidecarSets with these labels")
    .addOption(outputOption(["text", "wide", "json", "yaml", "name"]))
    .option("-w, --watch", "follow the roll-outs until they have ended")
    .addOption(
      new Option("--timeout <seconds>", "how long to follow them; 0 is without end")
        .default(0).argParser(secondsOf),
    )
    .option("--missed", "list the Pods that were missed")
    .option("--uninjected", "list all selected Pods without the sidecars")
    .addOption(excludeNamespacesOption())
    .addOption(systemNamespaceOption());
  addClusterOptions(status)
    .addHelpText("after", helpNotes(NOTES))
    .action(async (names: string[], options: Omit<StatusOptions, "names">) => {
      const { statusCommand } = await import("./status.ts");
      const connection = await connect(options, terminal);
      const given = { ...options, names: names.map(sidecarSetName) };
      exit(await statusCommand(given, { terminal, connection }));
    });
}

const NOTES = {
  text: [
    "Below the table: what conditions complain of, or all that they say of the named",
    "SidecarSets, and which Pods lack the sidecars, by reason. With --watch there is",
    "a bar for each SidecarSet on a terminal, and elsewhere a line for each step.",
  ],
  examples: [
    "status",
    "status logging --watch --timeout 300",
    "status logging --missed",
    "status -o json | jq '.items[].status.missedPods'",
  ],
  statuses: [
    "0  shown; with --watch: every roll-out has ended",
    "1  with --watch: a roll-out is blocked, standard output says by what",
    "2  the command line or the cluster cannot be used",
    "3  with --watch: the time was over",
    "130  with --watch: ended by Ctrl-C",
  ],
};
