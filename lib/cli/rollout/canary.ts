import { resources } from "../../kube/resources.ts";
import type { Live } from "../cluster/connection.ts";
import type { DryRun } from "../command_line/options.ts";
import { CliError } from "../terminal/terminal.ts";
import { change } from "./change.ts";
import { type History, readHistory } from "./history.ts";

export interface CanaryOptions {
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
export async function canaryCommand(
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
