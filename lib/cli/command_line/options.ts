import { type Command, InvalidArgumentError, Option } from "commander";
import { GROUP, KIND, PLURAL } from "../../api/names.ts";
import { settings } from "../../runtime/settings.ts";
import { JSON_PATH } from "../terminal/output.ts";

/** Options that several commands share. */

/**
 * The option `-f`, which can be repeated.
 *
 * @param what what the files contain
 */
export function filenameOption(what: string): Option {
  return new Option("-f, --filename <file...>", filenameText(what));
}

/** The option `-R` for folders after `-f`. */
export function recursiveOption(): Option {
  return new Option("-R, --recursive", "read folders recursively");
}

/** For a command with other arguments: each `-f` takes one file. */
export function singleFilenameOption(what: string): Option {
  return new Option("-f, --filename <file>", filenameText(what))
    .argParser((file, others: readonly string[] = []) => [...others, file]);
}

function filenameText(what: string): string {
  return `${what}, or folders; - is standard input`;
}

/** Formats of data are completed by `jsonpath=TEMPLATE`, kubectl's form. */
export function outputOption(formats: readonly [string, ...string[]]): Option {
  const choices = [...formats, JSON_PATH];
  return new Option("-o, --output <format>", "output format")
    .choices(choices)
    .default(formats[0])
    .argParser((text) => {
      if (formats.includes(text) || text.startsWith(JSON_PATH)) return text;
      throw new InvalidArgumentError(
        `Allowed choices are ${formats.join(", ")}, ${JSON_PATH}TEMPLATE.`,
      );
    });
}

/**
 * Checks the template of `-o jsonpath=`, so that an error is reported before the command sends requests.
 *
 * @throws {CliError} with the position and the remedy.
 */
export async function checkTemplate({ output }: { readonly output?: unknown }): Promise<void> {
  if (typeof output !== "string" || !output.startsWith(JSON_PATH)) return;
  const { parseTemplate } = await import("../terminal/json_path_parser.ts");
  parseTemplate(output.slice(JSON_PATH.length));
}

/** The option `-n` for objects of files that name no namespace. */
export function namespaceOption(): Option {
  return new Option(
    "-n, --namespace <name>",
    "namespace for objects without one",
  );
}

/** Adds kubectl's flags that select the cluster. */
export function addClusterOptions(command: Command): Command {
  return command
    .option("--kubeconfig <file>", "path of the kubeconfig")
    .option("--context <name>", "kubeconfig context to use")
    .addOption(
      new Option("--request-timeout <seconds>", "timeout of a request; 0 means no timeout")
        .argParser(secondsOf),
    )
    .option("--as <user>", "user to impersonate");
}

/** The option for the namespace of the controller. */
export function systemNamespaceOption(): Option {
  return new Option(
    "--system-namespace <name>",
    "namespace of the controller (default: that of the webhook registration)",
  );
}

/** The option `--dry-run`, with kubectl's values. */
export function dryRunOption(): Option {
  return new Option(
    "--dry-run [strategy]",
    "change nothing: only print (client), or validate on the API server (server)",
  )
    .choices(["none", "client", "server"])
    .preset("client")
    .default("none");
}

/** Has the controller's default. */
export function excludeNamespacesOption(): Option {
  const names = settingOf("excludeNamespaces");
  return new Option("--exclude-namespaces <names>", "namespaces whose Pods are never injected")
    .default(namesIn(names), names)
    .argParser(namesIn);
}

/** The controller's default for a setting. */
export function settingOf(name: "namespace" | "excludeNamespaces" | "openKruiseNamespace"): string {
  return settings.find(({ key }) => key === name)?.default ?? "";
}

/** Names with commas in between. */
export function namesIn(text: string): string[] {
  return text.split(",").map((name) => name.trim()).filter((name) => name !== "");
}

/** The name of a SidecarSet, also given as `sidecarset.apps.kruise.io/logging`, kubectl's form. */
export function sidecarSetName(text: string): string {
  const [kind = "", name] = text.split("/");
  const [word = "", ...group] = kind.split(".");
  const isKind = [PLURAL, KIND.toLowerCase(), "scs"].includes(word) &&
    (group.length === 0 || group.join(".") === GROUP);
  return name !== undefined && isKind ? name : text;
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3_600 };

/** Parses a whole number of seconds, or a duration as kubectl takes it: `500ms`, `90s`, `1m30s`. */
export function secondsOf(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  if (!/^(?:\d+(?:\.\d+)?(?:ms|[smh]))+$/.test(text)) {
    throw new InvalidArgumentError("Give a whole number of seconds, or a duration such as 5m.");
  }
  return [...text.matchAll(/([\d.]+)(ms|[smh])/g)]
    .reduce((sum, [, number, unit = ""]) => sum + Number(number) * (UNIT_SECONDS[unit] ?? 0), 0);
}

const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

/** Parses a time in RFC 3339, the format of Kubernetes. */
export function timeOf(text: string): Date {
  const time = new Date(RFC3339.test(text) ? text : NaN);
  if (Number.isNaN(time.getTime())) {
    throw new InvalidArgumentError("Give a time such as 2026-01-02T15:04:05Z.");
  }
  return time;
}

/** Values of kubectl's `--dry-run`: nothing is sent (client), or only validated (server). */
export type DryRun = "none" | "client" | "server";

/** The note that kubectl appends to the result of a dry run. */
export function dryRunNote(dryRun: DryRun): string {
  return { none: "", client: " (dry run)", server: " (server dry run)" }[dryRun];
}
