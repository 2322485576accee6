import { resources } from "../../kube/resources.ts";
import { toPrepared } from "../../runtime/stored_sidecarset.ts";
import type { Live } from "../cluster/connection.ts";
import type { DryRun } from "../cluster/dry_run.ts";
import { change, readSidecarSet } from "./change.ts";

export interface PauseOptions {
  readonly name: string;
  readonly paused: boolean;
  readonly dryRun: DryRun;
}

/**
 * Pauses or resumes the roll-out of a SidecarSet.
 *
 * @returns 0, or 1 where it is so already.
 */
export async function pauseCommand(
  { name, paused, dryRun }: PauseOptions,
  live: Live,
): Promise<number> {
  const { terminal, connection: { client } } = live;
  const stored = await readSidecarSet(client, name);
  const { spec } = toPrepared(stored, () => []).sidecarSet;
  if ((spec.updateStrategy?.paused ?? false) === paused) {
    terminal.error(
      `Nothing to do: SidecarSet ${name} is ${paused ? "paused already" : "not paused"}\n`,
    );
    return 1;
  }
  const body = { spec: { updateStrategy: { paused } } };
  const done = paused ? "paused" : "resumed";
  await change(resources.sidecarSets, { patch: { name, type: "merge", body }, done, dryRun }, live);
  return 0;
}
