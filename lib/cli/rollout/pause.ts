import { resources } from "../../kube/resources.ts";
import { toPrepared } from "../../runtime/stored_sidecarset.ts";
import type { Live } from "../cluster/connection.ts";
import type { DryRun } from "../cluster/dry_run.ts";
import { change, readSidecarSet } from "./change.ts";

export interface PauseOptions {
  readonly name: string;
  readonly paused: boolean;
  /** The injection of new Pods instead of the roll-out to running ones. */
  readonly injection?: boolean;
  readonly dryRun: DryRun;
}

/**
 * Pauses or resumes the roll-out of a SidecarSet, or its injection into new Pods.
 *
 * @returns 0, or 1 where it is so already.
 */
export async function pauseCommand(
  { name, paused, injection = false, dryRun }: PauseOptions,
  live: Live,
): Promise<number> {
  const { terminal, connection: { client } } = live;
  const stored = await readSidecarSet(client, name);
  const { spec } = toPrepared(stored, () => []).sidecarSet;
  const field = injection ? "injectionStrategy" : "updateStrategy";
  if ((spec[field]?.paused ?? false) === paused) {
    const what = injection ? `injection of SidecarSet ${name}` : `SidecarSet ${name}`;
    terminal.error(`Nothing to do: ${what} is ${paused ? "paused already" : "not paused"}\n`);
    return 1;
  }
  const body = { spec: { [field]: { paused } } };
  const done = `${injection ? "injection " : ""}${paused ? "paused" : "resumed"}`;
  await change(resources.sidecarSets, { patch: { name, type: "merge", body }, done, dryRun }, live);
  return 0;
}
