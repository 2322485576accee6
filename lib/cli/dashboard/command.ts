import { type Command, InvalidArgumentError, Option } from "commander";
import { type CommandContext, type Given, withSystemNamespace } from "../command_line/context.ts";
import { helpNotes } from "../command_line/help.ts";
import {
  addClusterOptions,
  excludeNamespacesOption,
  systemNamespaceOption,
} from "../command_line/options.ts";
import type { DashboardOptions } from "./dashboard.ts";

/** Adds `sidecarset dashboard`, whose code is loaded when it runs. */
export function addDashboard(program: Command, { terminal, connect, exit }: CommandContext): void {
  const dashboard = program.command("dashboard")
    .description("Show SidecarSets, roll-outs and Pods in the browser.")
    .addOption(
      new Option("--port <number>", "port on 127.0.0.1; 0 means any free port")
        .default(0).argParser(portOf),
    )
    .option("--read-only", "offer no actions")
    .option("--no-open", "do not open the browser")
    .addOption(excludeNamespacesOption())
    .addOption(systemNamespaceOption());
  addClusterOptions(dashboard)
    .addHelpText("after", helpNotes(NOTES))
    .action(async (options: Given<DashboardOptions>) => {
      const { dashboardCommand } = await import("./dashboard.ts");
      const connection = await connect(options, terminal);
      const resolved = await withSystemNamespace(options, connection);
      exit(await dashboardCommand(resolved, { terminal, connection }));
    });
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError("Give a port from 0 to 65535.");
}

const NOTES = {
  text: [
    "Serves one page on 127.0.0.1, with your rights in the cluster; nothing runs in the",
    "cluster for it. The address has a token: only a browser that opened it is answered.",
    "Actions show first what they will do. Actions that you may not perform are disabled.",
  ],
  examples: ["dashboard", "dashboard --read-only --port 8090 --no-open"],
  statuses: ["0  ended with Ctrl-C", "2  invalid command line, or the cluster cannot be reached"],
};
