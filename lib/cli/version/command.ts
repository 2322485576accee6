import type { Command } from "commander";
import type { CommandContext } from "../command_line/context.ts";
import { helpNotes } from "../command_line/help.ts";
import { outputOption } from "../command_line/options.ts";
import type { VersionOptions } from "./version.ts";

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
      const { versionCommand } = await import("./version.ts");
      exit(await versionCommand(options, terminal));
    });
}
