import config from "../../../deno.json" with { type: "json" };
import { GROUP, VERSIONS } from "../../api/names.ts";
import { printData } from "../terminal/output.ts";
import type { Terminal } from "../terminal/terminal.ts";

/** The version of this program, as deno.json has it. */
export const PROGRAM_VERSION: string = config.version;

export interface VersionOptions {
  readonly output: "text" | "json" | "yaml";
}

/** Prints the program's version and what it runs on. */
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
