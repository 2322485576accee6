import type { Command } from "commander";
import type { CommandContext } from "../command_line/context.ts";
import { helpNotes } from "../command_line/help.ts";
import { filenameOption, outputOption, recursiveOption } from "../command_line/options.ts";
import type { DataFormat } from "../terminal/output.ts";
import { CliError } from "../terminal/terminal.ts";

interface Given {
  readonly filename?: readonly string[];
  readonly output: "text" | DataFormat;
}

/** Adds `sidecarset validate`, whose code is loaded when it runs. */
export function addValidate(program: Command, { terminal, exit }: CommandContext): void {
  program.command("validate")
    .description("Validate the SidecarSets in files.")
    .argument("[file...]", "same as --filename")
    .addOption(filenameOption("files with SidecarSets"))
    .addOption(recursiveOption())
    .addOption(outputOption(["text", "json", "yaml"]))
    .addHelpText("after", helpNotes(NOTES))
    .action(async (files: string[], { filename = [], output }: Given) => {
      if (files.length + filename.length === 0) {
        throw new CliError("Cannot validate: no files given; name files with -f");
      }
      const { validateCommand } = await import("./validate.ts");
      exit(await validateCommand({ filename: [...filename, ...files], output }, terminal));
    });
}

const NOTES = {
  text: [
    "SidecarSets are validated by themselves and against each other, as in the",
    "webhook. A warning is about a field without effect, a risk for the Pods in the",
    "files, or something that only the cluster knows. Other kinds are not validated.",
  ],
  examples: [
    "validate -f sidecarset.yaml",
    "validate -o json sidecarsets/*.yaml",
  ],
  statuses: [
    "0  no errors; there may be warnings",
    "1  a SidecarSet has errors",
    "2  invalid command line or file",
  ],
};
