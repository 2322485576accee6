import { type Command, Option } from "commander";
import { type CommandContext, type Given, withSystemNamespace } from "../command_line/context.ts";
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

/** Adds `sidecarset status`, whose code is loaded when it runs. */
export function addStatus(program: Command, { terminal, connect, exit }: CommandContext): void {
  const status = program.command("status")
    .description("Show the state of SidecarSets and their roll-outs.")
    .argument("[name...]", "names of SidecarSets; all when absent")
    .option("-l, --selector <labels>", "select SidecarSets by label")
    .addOption(outputOption(["text", "wide", "json", "yaml", "name"]))
    .option("-w, --watch", "follow the roll-outs until they end")
    .addOption(
      new Option("--timeout <seconds>", "how long to follow them; 0 means no timeout")
        .default(0).argParser(secondsOf),
    )
    .option("-n, --namespace <name>", "show Pods of this namespace alone")
    .option("--missed", "list missed Pods")
    .option("--uninjected", "list all selected Pods without the sidecars")
    .addOption(excludeNamespacesOption())
    .addOption(systemNamespaceOption());
  addClusterOptions(status)
    .addHelpText("after", helpNotes(NOTES))
    .action(async (names: string[], options: Given<Omit<StatusOptions, "names">>) => {
      const { statusCommand } = await import("./status.ts");
      const connection = await connect(options, terminal);
      // Following roll-outs reads only SidecarSets.
      const used = options.watch ? undefined : connection;
      const resolved = await withSystemNamespace(options, used);
      const named = { ...resolved, names: names.map(sidecarSetName) };
      exit(await statusCommand(named, { terminal, connection }));
    });
}

const NOTES = {
  text: [
    "Below the table: conditions that report a problem (all conditions for SidecarSets",
    "that are named), and Pods without the sidecars, by reason. With --watch, a",
    "terminal shows a bar for each SidecarSet; other output gets a line for each step.",
  ],
  examples: [
    "status",
    "status logging --watch --timeout 300",
    "status logging --missed -n shop",
    "status -o json | jq '.items[].status.missedPods'",
  ],
  statuses: [
    "0  shown; with --watch: all roll-outs have ended",
    "1  with --watch: a roll-out is blocked; standard output has the cause",
    "2  invalid command line, or the cluster cannot be reached",
    "3  with --watch: timed out",
    "130  with --watch: interrupted by Ctrl-C",
  ],
};
