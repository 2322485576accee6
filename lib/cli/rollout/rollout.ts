import { resources } from "../../kube/resources.ts";
import { toPrepared } from "../../core/defaults/prepare.ts";
import type { ClusterOptions, Live } from "../cluster/connection.ts";
import type { DryRun } from "../command_line/options.ts";
import type { DataFormat } from "../terminal/output.ts";
import { CliError } from "../terminal/terminal.ts";
import { change, readSidecarSet } from "./change.ts";
import { type History, historyCommand, readHistory } from "./history.ts";
import { restartInjectionCommand } from "./restart_injection.ts";
import { undoCommand } from "./undo.ts";

/** Options that all rollout commands have. */
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

interface PauseOptions {
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
async function pauseCommand(
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

interface CanaryOptions {
  readonly name: string;
  readonly systemNamespace: string;
  /** Percentage of Pods that get the newest revision. */
  readonly percent: number;
  readonly dryRun: DryRun;
}

/**
 * Rolls out the newest revision to a percentage of Pods: sets the partition for running Pods, and pins new Pods, which
 * the partition does not affect, to the previous revision. 100 removes both.
 *
 * @returns 0.
 * @throws {CliError} if no revision is stored yet.
 */
async function canaryCommand(
  { name, systemNamespace, percent, dryRun }: CanaryOptions,
  live: Live,
): Promise<number> {
  const history = await readHistory(live.connection.client, { name, systemNamespace });
  const isDone = percent === 100;
  const revision = isDone
    ? null
    : { revisionName: stableRevision(history), customVersion: null, policy: "Partial" };
  const body = {
    metadata: { resourceVersion: history.object.metadata.resourceVersion },
    spec: {
      updateStrategy: { partition: isDone ? null : `${100 - percent}%` },
      injectionStrategy: { revision },
    },
  };
  const done = isDone ? "canary ended" : `canary at ${percent}% against ${revision?.revisionName}`;
  await change(resources.sidecarSets, { patch: { name, type: "merge", body }, done, dryRun }, live);
  return 0;
}

/** The pinned revision of an active canary; else the current one if all Pods have it: the next change is a canary. */
function stableRevision({ sidecarSet, revisions, current }: History): string {
  const { spec, status = {}, metadata } = sidecarSet;
  const pinned = spec.injectionStrategy?.revision?.revisionName;
  if (pinned && pinned !== current?.metadata.name) return pinned;
  const { updatedPods = 0, matchedPods = 0, observedGeneration } = status;
  const isRolledOut = observedGeneration === metadata.generation && updatedPods >= matchedPods;
  const older = revisions.filter((each) => each !== current).at(-1);
  const stable = (isRolledOut ? current : older) ?? current ?? older;
  if (stable?.metadata.name !== undefined) return stable.metadata.name;
  throw new CliError(
    `Cannot start a canary: SidecarSet ${metadata.name} has no stored revision yet; ` +
      "check that a controller runs: sidecarset doctor",
  );
}
