import type { Command } from "commander";
import { type CommandContext, type Given, withSystemNamespace } from "../command_line/context.ts";
import { helpNotes } from "../command_line/help.ts";
import {
  addClusterOptions,
  excludeNamespacesOption,
  outputOption,
  systemNamespaceOption,
} from "../command_line/options.ts";
import type { DoctorOptions } from "./doctor.ts";

/** Adds `sidecarset doctor`, whose code is loaded when it runs. */
export function addDoctor(program: Command, { terminal, connect, exit }: CommandContext): void {
  const doctor = program.command("doctor")
    .description("Check an installation and print how to fix problems.")
    .option("--from-openkruise", "check a migration from OpenKruise: before, during and after it")
    .addOption(outputOption(["text", "json", "yaml"]))
    .addOption(excludeNamespacesOption())
    .addOption(systemNamespaceOption());
  addClusterOptions(doctor)
    .addHelpText("after", helpNotes(NOTES))
    .action(async (options: Given<DoctorOptions>) => {
      const { doctorCommand } = await import("./doctor.ts");
      const connection = await connect(options, terminal);
      const resolved = await withSystemNamespace(options, connection);
      exit(await doctorCommand(resolved, { terminal, connection }));
    });
}

const NOTES = {
  text: [
    "Nothing is changed: dry runs, which store nothing, prove that the API server",
    "reaches the webhook. Checks that this user has no permission for are skipped.",
  ],
  examples: [
    "doctor",
    "doctor --from-openkruise",
    "doctor -o json | jq '.checks[] | select(.status != \"ok\")'",
  ],
  statuses: [
    "0  no errors; there may be warnings",
    "1  errors",
    "2  invalid command line, or the cluster cannot be reached",
  ],
};
