import type { Command } from "commander";
import { isObject } from "../../api/json.ts";
import type { CommandContext } from "../command_line/context.ts";
import { helpNotes } from "../command_line/help.ts";
import { outputOption } from "../command_line/options.ts";
import { type DataFormat, objectName, printData } from "../terminal/output.ts";
import { CliError, type Terminal } from "../terminal/terminal.ts";
import type { InstallationOptions } from "./installation.ts";

/** The options of `sidecarset manifests` as they are given. */
interface PrintInstallationOptions
  extends Omit<InstallationOptions, "replicas" | "monitorLabels" | "dashboardLabels"> {
  readonly replicas?: string;
  readonly monitorLabels?: string;
  readonly dashboardLabels?: string;
  readonly output: "name" | DataFormat;
}

/** Adds `sidecarset manifests`, whose code is loaded when it runs. */
export function addManifests(program: Command, { terminal, exit }: CommandContext): void {
  program.command("manifests")
    .description("Print the manifests of an installation.")
    .option("-n, --namespace <name>", "namespace of the installation")
    .option("--image <image>", "container image of the controller")
    .option("--image-pull-secret <name>", "Secret in that namespace for pulling the image")
    .option("--replicas <number>", "number of replicas of the controller")
    .option("--cert-manager", "use a webhook certificate from cert-manager")
    .option("--openkruise", "let the controller read the revisions of OpenKruise")
    .option("--openkruise-namespace <name>", "namespace of OpenKruise, if not kruise-system")
    .option("--restrict-controller", "add a policy on what the controller may change in Pods")
    .option("--restrict-authors", "add a policy on SidecarSets with privileged containers")
    .option("--prometheus-operator", "add a PodMonitor, alert rules and a Grafana dashboard")
    .option("--monitor-labels <labels>", "labels of the PodMonitor and alert rules (key=value,…)")
    .option(
      "--dashboard-labels <labels>",
      "labels of the Grafana dashboard's ConfigMap (key=value,…)",
    )
    .addOption(outputOption(["yaml", "json", "name"]))
    .addHelpText("after", helpNotes(NOTES))
    .action(async (options: PrintInstallationOptions) => {
      await printInstallation(options, terminal);
      exit(0);
    });
}

const NAMESPACE_SYNTAX = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** @throws {CliError} if an option has an invalid value. */
async function printInstallation(
  { output, replicas: count, monitorLabels, dashboardLabels, ...options }: PrintInstallationOptions,
  terminal: Terminal,
): Promise<void> {
  checkNamespace("--namespace", options.namespace);
  checkNamespace("--openkruise-namespace", options.openkruiseNamespace);
  if (!options.openkruise && options.openkruiseNamespace !== undefined) {
    throw new CliError("Cannot use --openkruise-namespace alone: add --openkruise");
  }
  if (options.image === "") throw new CliError("Cannot use an empty --image: name an image");
  const replicas = count === undefined ? undefined : Number(count);
  if (replicas !== undefined && (!Number.isInteger(replicas) || replicas < 1)) {
    throw new CliError(`Cannot use ${count} as --replicas: give a whole number of 1 or more`);
  }
  if (!options.prometheusOperator && (monitorLabels ?? dashboardLabels) !== undefined) {
    throw new CliError("Cannot label objects that are not printed: add --prometheus-operator");
  }
  const chosen = {
    ...options,
    ...(replicas === undefined ? {} : { replicas }),
    ...(monitorLabels === undefined
      ? {}
      : { monitorLabels: readLabels("--monitor-labels", monitorLabels) }),
    ...(dashboardLabels === undefined
      ? {}
      : { dashboardLabels: readLabels("--dashboard-labels", dashboardLabels) }),
  };
  const { installationObjects, installationYaml } = await import("./installation.ts");
  if (output === "yaml") {
    terminal.writeData(installationYaml(chosen));
    return;
  }
  const items = installationObjects(chosen);
  if (output === "name") {
    terminal.write(items.map((item) => `${nameOf(item)}\n`).join(""));
  } else await printData({ apiVersion: "v1", kind: "List", items }, { format: output, terminal });
}

function checkNamespace(option: string, name: string | undefined): void {
  if (name === undefined || NAMESPACE_SYNTAX.test(name)) return;
  throw new CliError(`Cannot use ${name} as ${option}: it is not a valid namespace name`);
}

function nameOf({ apiVersion, kind, metadata }: Readonly<Record<string, unknown>>): string {
  const name = String(isObject(metadata) ? metadata.name : "");
  return objectName({ apiVersion: String(apiVersion), kind: String(kind), name });
}

const LABEL_NAME =
  /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?)?$/;

/**
 * Labels from `key=value` pairs with commas in between.
 *
 * @throws {CliError} if a pair is no valid label
 */
function readLabels(option: string, text: string): Record<string, string> {
  return Object.fromEntries(
    text.split(",").map((pair) => {
      const [, name = "", value = ""] = /^([^=]*)=(.*)$/.exec(pair) ?? [];
      if (!LABEL_NAME.test(name) || !LABEL_VALUE.test(value)) {
        throw new CliError(
          `Cannot use ${JSON.stringify(pair)} in ${option}: give labels as key=value,key=value`,
        );
      }
      return [name, value];
    }),
  );
}

const NOTES = {
  text: ["The objects are those of the folder manifests of the source tree."],
  examples: [
    "manifests --image IMAGE | kubectl apply -f -",
    "manifests --cert-manager --replicas 3",
    "manifests --prometheus-operator --monitor-labels team=infra",
  ],
  statuses: ["0  printed", "2  invalid option"],
};
