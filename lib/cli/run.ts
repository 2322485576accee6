import { Command, CommanderError, Option } from "commander";
import { settings } from "../runtime/config.ts";
import { CliError, type Terminal } from "./terminal.ts";

/**
 * Runs one command line.
 *
 * @param args Arguments after the program's name.
 * @returns The exit status: 0 when it worked, 1 when the command says no, 2 when the command line or its input cannot be used.
 */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  let status = 0;
  const program = createProgram(terminal, (value) => status = value);
  try {
    await program.parseAsync([...args], { from: "user" });
    return status;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof CliError) {
      terminal.error(`${error.message}\n`);
      return 2;
    }
    throw error;
  }
}

/** Commands load what they need when they run, so that an offline command starts quickly. */
function createProgram(terminal: Terminal, exit: (status: number) => void): Command {
  const program = new Command("sidecarset")
    .description("Injects sidecar containers into Pods and upgrades them in place.")
    .configureOutput({ writeOut: terminal.write, writeErr: terminal.error })
    .configureHelp({ helpWidth: 80 })
    .exitOverride();

  program.command("inject")
    .description("Print manifests as they would be after injection.")
    .requiredOption(
      "-f, --filename <file...>",
      "files with SidecarSets and Pods or workloads; - reads standard input",
    )
    .addOption(
      new Option("-o, --output <format>", "how to print").choices(["yaml", "json"]).default("yaml"),
    )
    .addOption(
      new Option("-n, --namespace <name>", "namespace of manifests that name none").default(
        "default",
      ),
    )
    .addHelpText("after", example("inject -f sidecarset.yaml -f deployment.yaml"))
    .action(async (options: { filename: string[]; output: "yaml" | "json"; namespace: string }) => {
      const { injectCommand } = await import("./inject.ts");
      exit(await injectCommand(options, terminal));
    });

  const controller = program.command("controller")
    .description("Run the webhook and the controller.")
    .addHelpText(
      "after",
      example("controller --kubeconfig ~/.kube/config --webhook-url https://HOST:9443/"),
    );
  for (const { flag, value, env, description, default: fallback } of settings) {
    const notes = [env ? `env ${env}` : "", fallback ? `default ${fallback}` : ""].filter(Boolean);
    controller.option(
      value ? `--${flag} <${value}>` : `--${flag}`,
      notes.length > 0 ? `${description} (${notes.join(", ")})` : description,
    );
  }
  controller.action(async (_options: unknown, command: Command) => {
    const { controllerCommand } = await import("./controller.ts");
    exit(await controllerCommand(flagsOf(command), terminal));
  });
  return program;
}

/** The flags that were given, by their names. */
function flagsOf(command: Command): Record<string, unknown> {
  const given: Record<string, unknown> = {};
  for (const option of command.options) {
    given[option.long?.slice(2) ?? ""] = command.getOptionValue(option.attributeName());
  }
  return given;
}

function example(line: string): string {
  return `\nExample:\n  sidecarset ${line}\n`;
}
