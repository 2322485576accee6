import type { Command } from "commander";
import config from "../../../deno.json" with { type: "json" };
import { GROUP, VERSIONS } from "../../api/names.ts";
import type { CommandContext } from "../command_line/context.ts";
import { helpNotes } from "../command_line/help.ts";
import { outputOption } from "../command_line/options.ts";
import { printData } from "../terminal/output.ts";
import type { Terminal } from "../terminal/terminal.ts";

/** The program's version, from deno.json. */
export const PROGRAM_VERSION: string = config.version;

export interface VersionOptions {
  readonly output: "text" | "json" | "yaml";
}

/** Prints the versions of the program, Deno, the platform and the API. */
export async function versionCommand(
  { output }: VersionOptions,
  terminal: Terminal,
): Promise<number> {
  const version = {
    version: PROGRAM_VERSION,
    deno: Deno.version.deno,
    platform: `${Deno.build.os}/${Deno.build.arch}`,
    apiVersions: VERSIONS.map((name) => `${GROUP}/${name}`),
  };
  if (output !== "text") {
    await printData(version, { format: output, terminal });
    return 0;
  }
  terminal.write(
    `sidecarset ${version.version} (Deno ${version.deno}, ${version.platform})\n` +
      `API ${version.apiVersions.join(", ")}\n`,
  );
  return 0;
}

/** `sidecarset version` */
export function addVersion(program: Command, { terminal, exit }: CommandContext): void {
  program.command("version")
    .description("Print the versions of the program and its runtime.")
    .addOption(outputOption(["text", "json", "yaml"]))
    .addHelpText(
      "after",
      helpNotes({ examples: ["version -o json"], statuses: ["0  printed"] }),
    )
    .action(async (options: VersionOptions) => exit(await versionCommand(options, terminal)));
}
