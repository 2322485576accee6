import { Command, Option } from "commander";
import { settings } from "../runtime/config.ts";
import type { Terminal } from "./terminal.ts";

/** Tells the exit status of a command that ran. */
export type Exit = (status: number) => void;

/** The commands with their options. They load what they need when they run, so that an offline command starts quickly. */
export function createProgram(terminal: Terminal, exit: Exit): Command {
  const program = new Command("sidecarset")
    .description("Injects sidecar containers into Pods and upgrades them in place.")
    .option("--verbose", "show where in the program an error comes from")
    .configureOutput({ writeOut: terminal.write, writeErr: terminal.error })
    .configureHelp({ helpWidth: 80 })
    .exitOverride();
  addInject(program, { terminal, exit });
  addController(program, { terminal, exit });
  for (const command of program.commands) command.copyInheritedSettings(program);
  return program;
}

interface Context {
  readonly terminal: Terminal;
  readonly exit: Exit;
}

const FILES = "files with SidecarSets, and Pods or workloads; - is standard input";

function addInject(program: Command, { terminal, exit }: Context): void {
  program.command("inject")
    .description("Print manifests as they are after injection.")
    .requiredOption("-f, --filename <file...>", FILES)
    .addOption(
      new Option("-o, --output <format>", "how to print").choices(["yaml", "json"]).default("yaml"),
    )
    .addOption(namespaceOption())
    .addOption(excludeNamespacesOption())
    .addHelpText(
      "after",
      notes({
        text: [
          "Pods get the sidecars, and so do the Pod templates of Deployments, StatefulSets,",
          "DaemonSets, ReplicaSets, Jobs and CronJobs, in Lists too. All else is printed as",
          "it came. Namespaces in the files give the labels for namespace selectors.",
        ],
        examples: [
          "inject -f sidecarset.yaml -f deployment.yaml",
          "kustomize build . | sidecarset inject -f sidecarset.yaml -f -",
        ],
        statuses: [
          "0  printed",
          "1  printed, but a Pod would be refused (failurePolicy Fail)",
          "2  the command line, a file or a SidecarSet cannot be used",
        ],
      }),
    )
    .action(async (options) => {
      const { injectCommand } = await import("./inject.ts");
      exit(await injectCommand(options, terminal));
    });
}

function addController(program: Command, { terminal, exit }: Context): void {
  const controller = program.command("controller")
    .description("Run the webhook and the controller.")
    .addHelpText(
      "after",
      notes({
        examples: ["controller --kubeconfig ~/.kube/config --webhook-url https://HOST:9443/"],
        statuses: ["0  ended in order", "2  the configuration or the cluster cannot be used"],
      }),
    );
  for (const { flag, value, env, description, default: fallback } of settings) {
    const hints = [env ? `env ${env}` : "", fallback ? `default ${fallback}` : ""].filter(Boolean);
    controller.option(
      value ? `--${flag} <${value}>` : `--${flag}`,
      hints.length > 0 ? `${description} (${hints.join(", ")})` : description,
    );
  }
  controller.action(async (_options: unknown, command: Command) => {
    const { controllerCommand } = await import("./controller.ts");
    exit(await controllerCommand(flagsOf(command), terminal));
  });
}

/** The flags that were given, by their names. */
function flagsOf(command: Command): Record<string, unknown> {
  const given: Record<string, unknown> = {};
  for (const option of command.options) {
    given[option.long?.slice(2) ?? ""] = command.getOptionValue(option.attributeName());
  }
  return given;
}

function namespaceOption(): Option {
  return new Option("-n, --namespace <name>", "namespace of objects that name none")
    .default("default");
}

/** With the controller's own default. */
function excludeNamespacesOption(): Option {
  const names = settings.find(({ key }) => key === "excludeNamespaces")?.default ?? "";
  return new Option("--exclude-namespaces <names>", "namespaces whose Pods are never injected")
    .default(names.split(","), names)
    .argParser((text) => text.split(",").map((name) => name.trim()).filter(Boolean));
}

interface Notes {
  readonly text?: readonly string[];
  /** Without the program's name, unless there is a pipe. */
  readonly examples: readonly string[];
  readonly statuses: readonly string[];
}

/** What stands below the options in the help of a command. */
function notes({ text = [], examples, statuses }: Notes): string {
  const lines = examples.map((line) => line.includes("|") ? line : `sidecarset ${line}`);
  return [
    ...(text.length > 0 ? ["", ...text] : []),
    "",
    examples.length > 1 ? "Examples:" : "Example:",
    ...lines.map((line) => `  ${line}`),
    "",
    "Exit status:",
    ...statuses.map((line) => `  ${line}`),
  ].join("\n");
}
