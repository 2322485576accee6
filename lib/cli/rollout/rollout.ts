import { resources } from "../../kube/resources.ts";
import { toPrepared } from "../../runtime/stored_sidecarset.ts";
import type { ClusterOptions, Live } from "../cluster/connection.ts";
import type { DryRun } from "../command_line/options.ts";
import type { DataFormat } from "../terminal/output.ts";
import { canaryCommand } from "./canary.ts";
import { change, readSidecarSet } from "./change.ts";
import { historyCommand } from "./history.ts";
import { restartInjectionCommand } from "./restart_injection.ts";
import { undoCommand } from "./undo.ts";

export interface RolloutOptions extends ClusterOptions {
  /** Name of the SidecarSet. */
  readonly name: string;
  readonly dryRun: DryRun;
  readonly excludeNamespaces: readonly string[];
  /** Namespace of the Pods. */
  readonly namespace?: string;
  /** Label selector for Pods. */
  readonly selector?: string;
  /** Namespace of the controller. */
  readonly systemNamespace: string;
  readonly output: "text" | "name" | DataFormat;
  /** Revision to show. */
  readonly revision?: number;
  readonly toRevision?: number;
  /** Percentage of Pods, for a canary. */
  readonly percent: number;
  /** Pause or resume the injection into new Pods. */
  readonly injection?: boolean;
}

/**
 * The commands of `sidecarset rollout`. Each resolves to the exit status: 0 done, 1 nothing to do. Each rejects with a
 * `CliError` for a SidecarSet that does not exist, or with the API server's error.
 */
export const rolloutCommands = {
  pause: (options: RolloutOptions, live: Live) => pauseCommand({ ...options, paused: true }, live),
  resume: (options: RolloutOptions, live: Live) =>
    pauseCommand({ ...options, paused: false }, live),
  canary: canaryCommand,
  "restart-injection": restartInjectionCommand,
  history: historyCommand,
  undo: undoCommand,
};

export interface PauseOptions {
  readonly name: string;
  readonly paused: boolean;
  /** Act on the injection into new Pods instead of the roll-out. */
  readonly injection?: boolean;
  readonly dryRun: DryRun;
}

/**
 * Pauses or resumes the roll-out of a SidecarSet, or its injection into new Pods.
 *
 * @returns 0, or 1 if there is nothing to do.
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
    terminal.error(`Nothing to do: ${what} is ${paused ? "already paused" : "not paused"}\n`);
    return 1;
  }
  const body = { spec: { [field]: { paused } } };
  const done = `${injection ? "injection " : ""}${paused ? "paused" : "resumed"}`;
  await change(resources.sidecarSets, { patch: { name, type: "merge", body }, done, dryRun }, live);
  return 0;
}
