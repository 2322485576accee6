import { printData } from "../terminal/output.ts";
import { CliError, type Terminal } from "../terminal/terminal.ts";
import { installationObjects, type InstallationOptions, installationYaml } from "./installation.ts";

/** The options of `sidecarset manifests` as they are written. */
export interface PrintInstallationOptions extends Omit<InstallationOptions, "replicas"> {
  readonly replicas?: string;
  readonly output: "yaml" | "json";
}

const NAMESPACE_SYNTAX = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/**
 * Prints everything that an installation needs.
 *
 * @throws {CliError} when an option cannot be used.
 */
export async function printInstallation(
  { output, replicas: count, ...options }: PrintInstallationOptions,
  terminal: Terminal,
): Promise<number> {
  if (options.namespace !== undefined && !NAMESPACE_SYNTAX.test(options.namespace)) {
    throw new CliError(`Cannot use ${options.namespace} as --namespace: it is no namespace's name`);
  }
  if (options.image === "") throw new CliError("Cannot use an empty --image: name an image");
  const replicas = count === undefined ? undefined : Number(count);
  if (replicas !== undefined && (!Number.isInteger(replicas) || replicas < 1)) {
    throw new CliError(`Cannot use ${count} as --replicas: give a whole number of 1 or more`);
  }
  const chosen = { ...options, ...(replicas === undefined ? {} : { replicas }) };
  if (output === "json") {
    const list = { apiVersion: "v1", kind: "List", items: installationObjects(chosen) };
    await printData(list, { format: output, terminal });
  } else terminal.writeData(installationYaml(chosen));
  return 0;
}
