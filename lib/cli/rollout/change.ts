import type { KubeObject } from "../../api/objects.ts";
import type { RestClient } from "../../kube/contract.ts";
import { patch, type PatchOptions } from "../../kube/requests.ts";
import { type Resource, resources } from "../../kube/resources.ts";
import { send } from "../../kube/response.ts";
import type { Live } from "../cluster/connection.ts";
import { unknownSidecarSet } from "../cluster/known_cluster.ts";
import { readAll, readIfPresent } from "../cluster/reading.ts";
import { type DryRun, dryRunNote } from "../command_line/options.ts";
import { objectName } from "../terminal/output.ts";

/**
 * Reads a SidecarSet.
 *
 * @throws {CliError} with the existing names if the SidecarSet does not exist.
 */
export async function readSidecarSet(client: RestClient, name: string): Promise<KubeObject> {
  const found = await readIfPresent(client, resources.sidecarSets, { name });
  if (found) return found;
  const all = await readAll(client, resources.sidecarSets);
  throw unknownSidecarSet(name, all.map(({ metadata }) => metadata.name ?? ""));
}

/** A patch of a SidecarSet and its result in words. */
interface Change {
  /** The object's name and the patch. */
  readonly patch: PatchOptions;
  /** Result in kubectl's form: `paused`. */
  readonly done: string;
  readonly dryRun: DryRun;
}

/** Patches an object, unless it is a client dry run, and prints the result like kubectl. */
export async function change<T extends KubeObject>(
  resource: Resource<T>,
  { patch: body, done, dryRun }: Change,
  { terminal, connection: { client } }: Live,
): Promise<void> {
  if (dryRun !== "client") {
    const options = { ...body, fieldManager: "sidecarset-cli", dryRun: dryRun === "server" };
    await send(client, patch(resource, options));
  }
  terminal.write(`${objectName({ ...resource, name: body.name })} ${done}${dryRunNote(dryRun)}\n`);
}
