import { parseAllDocuments } from "yaml";
import { isObject } from "../../lib/api/json.ts";
import { chartFiles } from "../../manifests/generate/release/chart.ts";
import { archive } from "../../manifests/generate/release/files.ts";
import { findBinaries } from "./binaries.ts";

const chart = new URL("../../manifests/chart", import.meta.url).pathname;
/** The program's image in the chart's archive. */
export const ARCHIVE_IMAGE = "example.com/released";

export interface HelmOptions {
  readonly kubeconfig?: string;
  /** Values that replace the chart's own. */
  readonly values?: object;
}

/** What `helm` answered. */
export interface HelmResult {
  readonly success: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs the pinned helm with `{chart}` among the arguments replaced by the chart's folder, and `{archive}` by the file
 * that a release has of it; it reads no settings of this machine.
 */
export async function helm(
  args: readonly string[],
  { kubeconfig = "/dev/null", values = {} }: HelmOptions = {},
): Promise<HelmResult> {
  const binaries = await findBinaries(["helm"], { progress: (message) => console.error(message) });
  const home = await Deno.makeTempDir({ prefix: "sidecarset-helm-" });
  try {
    const file = `${home}/values.json`;
    await Deno.writeTextFile(file, JSON.stringify(values));
    const packed = `${home}/chart.tgz`;
    if (args.includes("{archive}")) {
      await Deno.writeFile(packed, archive(await chartFiles(ARCHIVE_IMAGE)));
    }
    const takesValues = ["template", "install", "upgrade", "lint"].includes(args[0] ?? "");
    const { success, stdout, stderr } = await new Deno.Command(binaries.path("helm"), {
      args: [
        ...args.map((arg) => ({ "{chart}": chart, "{archive}": packed })[arg] ?? arg),
        ...(takesValues ? ["--values", file] : []),
      ],
      env: {
        KUBECONFIG: kubeconfig,
        HELM_CACHE_HOME: home,
        HELM_CONFIG_HOME: home,
        HELM_DATA_HOME: home,
      },
    }).output();
    const decoder = new TextDecoder();
    return { success, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

/** Writes an executable `helm` into a folder of programs; it keeps its files there. */
export async function addHelm(programs: string): Promise<void> {
  const binaries = await findBinaries(["helm"], { progress: (message) => console.error(message) });
  const home = `${programs}/helm-home`;
  const script = [
    "#!/bin/sh",
    `export HELM_CACHE_HOME="${home}" HELM_CONFIG_HOME="${home}" HELM_DATA_HOME="${home}"`,
    `exec "${binaries.path("helm")}" "$@"`,
  ];
  await Deno.writeTextFile(`${programs}/helm`, `${script.join("\n")}\n`, { mode: 0o755 });
}

/**
 * Runs helm and resolves to what it prints.
 *
 * @throws {Error} with what it says on standard error, if it fails
 */
export async function helmOutput(
  args: readonly string[],
  options: HelmOptions = {},
): Promise<string> {
  const { success, stdout, stderr } = await helm(args, options);
  if (!success) throw new Error(`Cannot run helm ${args.join(" ")}: ${stderr.trim()}`);
  return stdout;
}

/** The objects that the chart renders in a namespace. */
export async function renderChart(
  namespace: string,
  values: object = {},
): Promise<Record<string, unknown>[]> {
  const text = await helmOutput(["template", "release", "{chart}", "-n", namespace], { values });
  return parseAllDocuments(text).map((document) => document.toJS()).filter(isObject);
}
