import type { Command } from "commander";
import type { VersionOptions } from "../version.ts";
import type { CommandContext } from "./context.ts";
import { helpNotes } from "./help.ts";
import { outputOption } from "./options.ts";

/** `sidecarset version` */
export function addVersion(program: Command, { terminal, exit }: CommandContext): void {
  program.command("version")
    .description("Print the version of the program and of what it runs on.")
    .addOption(outputOption(["text", "json", "yaml"]))
    .addHelpText(
      "after",
      helpNotes({ examples: ["version -o json"], statuses: ["0  printed"] }),
    )
    .action(async (options: VersionOptions) => {
      const { versionCommand } = await import("../version.ts");
      exit(await versionCommand(options, terminal));
    });
}
