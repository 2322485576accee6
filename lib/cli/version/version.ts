import type { Command } from "commander";
import config from "../../../deno.json" with { type: "json" };
import { GROUP, VERSIONS } from "../../api/names.ts";
import type { ClusterOptions } from "../cluster/connection.ts";
import type { CommandContext } from "../command_line/context.ts";
import { helpNotes } from "../command_line/help.ts";
import { addClusterOptions, outputOption, systemNamespaceOption } from "../command_line/options.ts";
import { type DataFormat, printData } from "../terminal/output.ts";
import type { Terminal } from "../terminal/terminal.ts";
import type { ServerVersions } from "./server.ts";

/** The program's version, from deno.json. */
export const PROGRAM_VERSION: string = config.version;

interface VersionOptions extends ClusterOptions {
  readonly output: "text" | DataFormat;
  /** Print only the versions of this program, without a request to a cluster. */
  readonly client?: boolean;
  readonly systemNamespace?: string;
}

/** Adds `sidecarset version`. */
export function addVersion(program: Command, context: CommandContext): void {
  const version = program.command("version")
    .description("Print the versions of this program, of the controller and of the cluster.")
    .option("--client", "only of this program, without a cluster")
    .addOption(outputOption(["text", "json", "yaml"]))
    .addOption(systemNamespaceOption());
  addClusterOptions(version)
    .addHelpText("after", helpNotes(NOTES))
    .action(async (options: VersionOptions) => {
      context.exit(await versionCommand(options, context));
    });
}

/**
 * Prints the versions of this program, the controller and the API server.
 *
 * @returns 0; 1 if the cluster cannot be reached, which standard error explains.
 */
async function versionCommand(options: VersionOptions, context: CommandContext): Promise<number> {
  const { terminal } = context;
  const { output } = options;
  const own = {
    version: PROGRAM_VERSION,
    deno: Deno.version.deno,
    platform: `${Deno.build.os}/${Deno.build.arch}`,
    apiVersions: VERSIONS.map((name) => `${GROUP}/${name}`),
  };
  if (output === "text") {
    terminal.write(
      `sidecarset ${own.version} (Deno ${own.deno}, ${own.platform})\n` +
        `API ${own.apiVersions.join(", ")}\n`,
    );
  }
  const server = options.client ? undefined : await serverVersions(options, context);
  if (output !== "text") {
    await printData({ ...own, ...server?.versions }, { format: output, terminal });
  } else if (server) printServer(server, terminal);
  for (const note of server?.notes ?? []) terminal.error(`${note}\n`);
  return server === undefined || server.isReached ? 0 : 1;
}

async function serverVersions(
  options: VersionOptions,
  { terminal, connect }: CommandContext,
): Promise<ServerVersions> {
  const { readServerVersions } = await import("./server.ts");
  return await readServerVersions(options, {
    program: terminal.program,
    version: PROGRAM_VERSION,
    connect: (given) => connect(given, terminal),
  });
}

function printServer({ versions: { controller, kubernetes } }: ServerVersions, terminal: Terminal) {
  if (controller && controller.length > 0) {
    const parts = [...Map.groupBy(controller, ({ version }) => version)].map(([version, same]) =>
      `${version} (${same.length} ${same.length === 1 ? "replica" : "replicas"})`
    );
    terminal.write(`Controller ${parts.join(", ")}\n`);
  }
  if (kubernetes !== undefined) terminal.write(`Kubernetes ${kubernetes}\n`);
}

const NOTES = {
  text: [
    "The version of each replica of the controller is in its Lease, in the namespace",
    "of the controller. Without the right to list those, the other versions are shown.",
  ],
  examples: ["version", "version --client", "version -o json"],
  statuses: [
    "0  printed; the controller's version may be unknown, with the reason on standard error",
    "1  the cluster cannot be reached",
  ],
};
