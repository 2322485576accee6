import type { ClusterOptions, Live } from "../cluster/connection.ts";
import type { DryRun } from "../cluster/dry_run.ts";
import { canaryCommand } from "./canary.ts";
import { historyCommand } from "./history.ts";
import { pauseCommand } from "./pause.ts";
import { restartInjectionCommand } from "./restart_injection.ts";
import { undoCommand } from "./undo.ts";

export interface RolloutOptions extends ClusterOptions {
  /** The SidecarSet. */
  readonly name: string;
  readonly dryRun: DryRun;
  readonly excludeNamespaces: readonly string[];
  /** Of Pods. */
  readonly namespace?: string;
  /** Of Pods. */
  readonly selector?: string;
  /** The controller's own. */
  readonly systemNamespace: string;
  readonly output: "text" | "json" | "yaml";
  /** The one to show. */
  readonly revision?: number;
  readonly toRevision?: number;
  /** Of the Pods, for a canary. */
  readonly percent: number;
  /** Pause or resume the injection into new Pods. */
  readonly injection?: boolean;
}

/**
 * The commands of `sidecarset rollout`. Each resolves to the exit status: 0 done, 1 nothing to do. Each rejects with a
 * `CliError` for a SidecarSet that is not there, or with what the API server answers.
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
