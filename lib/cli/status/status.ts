import type { KubeObject } from "../../api/objects.ts";
import type { SidecarSet } from "../../api/sidecarset.ts";
import type { RestClient } from "../../kube/contract.ts";
import { ifAllowed } from "../../kube/errors.ts";
import { resources } from "../../kube/resources.ts";
import { toPrepared } from "../../core/defaults/prepare.ts";
import type { ClusterOptions, Live } from "../cluster/connection.ts";
import { type ExclusionOptions, unknownSidecarSet } from "../cluster/known_cluster.ts";
import { readAll } from "../cluster/reading.ts";
import { type DataFormat, isDataFormat, objectName, printData } from "../terminal/output.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { statusText } from "./text.ts";

/** Flags of `sidecarset status`, as the command line gives them. */
export interface StatusOptions extends ClusterOptions, ExclusionOptions {
  /** Names of SidecarSets; all if empty. */
  readonly names: readonly string[];
  readonly selector?: string;
  /** Show Pods of this namespace alone. */
  readonly namespace?: string;
  readonly output: "text" | "wide" | "name" | DataFormat;
  /** List the missed Pods. */
  readonly missed?: boolean;
  /** List the uninjected Pods. */
  readonly uninjected?: boolean;
  readonly watch?: boolean;
  /** Timeout of the watch in seconds; 0 means no timeout. */
  readonly timeout: number;
}

/**
 * Prints the state of SidecarSets, or follows their roll-outs.
 *
 * @returns 0; when watching: 0 all roll-outs have ended, 1 one is blocked, 3 timed out, 130 interrupted.
 * @throws {CliError} for an unknown SidecarSet.
 */
export async function statusCommand(options: StatusOptions, live: Live): Promise<number> {
  const { terminal, connection: { client } } = live;
  if (options.missed || options.uninjected) {
    const { uninjectedPodsCommand } = await import("./uninjected.ts");
    return await uninjectedPodsCommand(
      { ...options, missed: options.uninjected !== true },
      live,
    );
  }
  if (options.watch) return await follow(options, live);
  const objects = await ifAllowed(readObjects(client, options));
  if (objects === undefined) {
    const { recordedCommand } = await import("./recorded.ts");
    return await recordedCommand(options, live);
  }
  if (isDataFormat(options.output)) {
    await printList(objects, { format: options.output, terminal });
    return 0;
  }
  if (options.output === "name") {
    terminal.write(objects.map((object) => `${nameOf(object)}\n`).join(""));
    return 0;
  }
  const sidecarSets = objects.map(sidecarSetOf);
  if (sidecarSets.length === 0) {
    terminal.error(none(terminal));
    return 0;
  }
  const { readUninjected } = await import("./uninjected.ts");
  const uninjected = await readUninjected(sidecarSets, { options, live });
  const isNamed = options.names.length > 0;
  const { namespace, output } = options;
  const shown = { wide: output === "wide", all: isNamed, uninjected, namespace, terminal };
  terminal.write(statusText(sidecarSets, shown));
  return 0;
}

function nameOf({ metadata: { name = "" } }: KubeObject): string {
  return objectName({ ...resources.sidecarSets, name });
}

function none({ program }: Terminal): string {
  return `No SidecarSets found. Preview one with: ${program} diff -f FILE\n`;
}

/** Follows the roll-outs; with a data format, prints the final SidecarSets once. */
async function follow(
  options: StatusOptions,
  { terminal, connection: { client } }: Live,
): Promise<number> {
  const { output, timeout } = options;
  const { followRollouts } = await import("./follow.ts");
  let objects: KubeObject[] = [];
  const status = await followRollouts({
    terminal,
    timeoutMs: timeout * 1_000,
    print: isDataFormat(output) ? terminal.error : terminal.write,
    async read(signal) {
      objects = await readObjects(client, options, signal);
      return objects.map(sidecarSetOf);
    },
  });
  if (isDataFormat(output)) await printList(objects, { format: output, terminal });
  else if (status === 0 && objects.length === 0) terminal.error(none(terminal));
  return status;
}

async function printList(
  objects: readonly KubeObject[],
  options: { format: DataFormat; terminal: Terminal },
): Promise<void> {
  const { apiVersion, kind } = resources.sidecarSets;
  const items = objects.map((object) => ({ ...object, apiVersion, kind }));
  await printData({ apiVersion: "v1", kind: "List", items }, options);
}

async function readObjects(
  client: RestClient,
  { names, selector }: Pick<StatusOptions, "names" | "selector">,
  signal?: AbortSignal,
): Promise<KubeObject[]> {
  const all = await readAll(client, resources.sidecarSets, {
    ...(selector === undefined ? {} : { labelSelector: selector }),
    ...(signal === undefined ? {} : { signal }),
  });
  for (const name of names) {
    if (all.some(({ metadata }) => metadata.name === name)) continue;
    throw unknownSidecarSet(name, all.map(({ metadata }) => metadata.name ?? ""));
  }
  return all
    .filter(({ metadata }) => names.length === 0 || names.includes(metadata.name ?? ""))
    .sort((a, b) => (a.metadata.name ?? "") < (b.metadata.name ?? "") ? -1 : 1);
}

function sidecarSetOf(object: KubeObject): SidecarSet {
  return toPrepared(object, () => []).sidecarSet;
}
