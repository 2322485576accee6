import { resources } from "../../kube/resources.ts";
import type { Live } from "../cluster/connection.ts";
import type { DryRun } from "../command_line/options.ts";
import { CliError } from "../terminal/terminal.ts";
import { change } from "./change.ts";
import { type History, readHistory } from "./history.ts";

export interface CanaryOptions {
  readonly name: string;
  readonly systemNamespace: string;
  /** How many of 100 Pods get the newest revision. */
  readonly percent: number;
  readonly dryRun: DryRun;
}

/**
 * Lets a share of the Pods have the newest revision: running ones by the partition, new ones by a pin of the revision before it, which a
 * partition alone does not hold back. 100 ends the canary: no partition and no pin.
 *
 * @returns 0.
 * @throws {CliError} where no revision is stored yet.
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

/** The pinned revision of a canary that goes on; else the current one where all Pods have it, so that the next change begins as a canary. */
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
