import type { Command } from "commander";
import type { CommandContext } from "../command_line/context.ts";
import { helpNotes } from "../command_line/help.ts";
import {
  addClusterOptions,
  excludeNamespacesOption,
  outputOption,
  systemNamespaceOption,
} from "../command_line/options.ts";
import type { DoctorOptions } from "./doctor.ts";

/** `sidecarset doctor` */
export function addDoctor(program: Command, { terminal, connect, exit }: CommandContext): void {
  const doctor = program.command("doctor")
    .description("Check an installation, and say how to mend what is wrong.")
    .addOption(outputOption(["text", "json", "yaml"]))
    .addOption(excludeNamespacesOption())
    .addOption(systemNamespaceOption());
  addClusterOptions(doctor)
    .addHelpText("after", helpNotes(NOTES))
    .action(async (options: DoctorOptions) => {
      const { doctorCommand } = await import("./doctor.ts");
      const connection = await connect(options, terminal);
      exit(await doctorCommand(options, { terminal, connection }));
    });
}

const NOTES = {
  text: [
    "Nothing is changed: that the API server reaches the webhook is proven by dry",
    "runs, which store nothing. What this user may not look at is told as skipped.",
  ],
  examples: ["doctor", "doctor -o json | jq '.checks[] | select(.status != \"ok\")'"],
  statuses: [
    "0  nothing is wrong, though there may be warnings",
    "1  something is wrong",
    "2  the command line or the cluster cannot be used",
  ],
};
