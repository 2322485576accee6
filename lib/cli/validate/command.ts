import type { Command } from "commander";
import type { CommandContext } from "../command_line/context.ts";
import { helpNotes } from "../command_line/help.ts";
import { filenameOption, outputOption, recursiveOption } from "../command_line/options.ts";
import { CliError } from "../terminal/terminal.ts";

interface Given {
  readonly filename?: readonly string[];
  readonly output: "text" | "json" | "yaml";
}

/** `sidecarset validate` */
export function addValidate(program: Command, { terminal, exit }: CommandContext): void {
  program.command("validate")
    .description("Say everything that is wrong with SidecarSets of files.")
    .argument("[file...]", "the same as --filename")
    .addOption(filenameOption("files with SidecarSets"))
    .addOption(recursiveOption())
    .addOption(outputOption(["text", "json", "yaml"]))
    .addHelpText("after", helpNotes(NOTES))
    .action(async (files: string[], { filename = [], output }: Given) => {
      if (files.length + filename.length === 0) {
        throw new CliError("Cannot validate nothing: name files with -f");
      }
      const { validateCommand } = await import("./validate.ts");
      exit(await validateCommand({ filename: [...filename, ...files], output }, terminal));
    });
}

const NOTES = {
  text: [
    "SidecarSets are checked by themselves and against each other, as the webhook",
    "does it. A warning is something that the cluster may know better than the files,",
    "or that has no effect. Objects of other kinds are not checked.",
  ],
  examples: [
    "validate -f sidecarset.yaml",
    "validate -o json sidecarsets/*.yaml",
  ],
  statuses: [
    "0  no errors, though there may be warnings",
    "1  a SidecarSet has errors",
    "2  the command line or a file cannot be used",
  ],
};
