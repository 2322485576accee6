import { Option } from "commander";
import { settings } from "../../runtime/config.ts";

/** Options that several commands have. */

export function filenameOption(what: string): Option {
  return new Option("-f, --filename <file...>", `${what}; - is standard input`);
}

export function outputOption(formats: readonly [string, ...string[]]): Option {
  return new Option("-o, --output <format>", "how to print").choices(formats).default(formats[0]);
}

export function namespaceOption(): Option {
  return new Option("-n, --namespace <name>", "namespace of objects that name none")
    .default("default");
}

/** With the controller's own default. */
export function excludeNamespacesOption(): Option {
  const names = settings.find(({ key }) => key === "excludeNamespaces")?.default ?? "";
  return new Option("--exclude-namespaces <names>", "namespaces whose Pods are never injected")
    .default(listOf(names), names)
    .argParser(listOf);
}

function listOf(text: string): string[] {
  return text.split(",").map((name) => name.trim()).filter((name) => name !== "");
}
