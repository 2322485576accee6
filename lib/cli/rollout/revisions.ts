import type { ControllerRevision } from "../../api/controller_revision.ts";
import type { KubeObject } from "../../api/objects.ts";
import type { SidecarSet } from "../../api/sidecarset.ts";
import { byAge, ownsRevision } from "../../core/revision/ownership.ts";
import { currentRevision } from "../../core/revision/plan.ts";
import type { RestClient } from "../../kube/contract.ts";
import { toPrepared } from "../../runtime/stored_sidecarset.ts";
import { readRevisions } from "../cluster/live_cluster.ts";
import { CliError } from "../terminal/terminal.ts";
import { readSidecarSet } from "./change.ts";

/** A SidecarSet with its revisions. */
export interface History {
  readonly object: KubeObject;
  readonly sidecarSet: SidecarSet;
  /** Oldest first. */
  readonly revisions: readonly ControllerRevision[];
  /** The one that says what the SidecarSet says now; undefined until the controller has stored it. */
  readonly current: ControllerRevision | undefined;
}

/** @throws {CliError} where there is no such SidecarSet. */
export async function readHistory(
  client: RestClient,
  { name, systemNamespace }: { name: string; systemNamespace: string },
): Promise<History> {
  const object = await readSidecarSet(client, name);
  const { sidecarSet } = toPrepared(object, () => []);
  const all = await readRevisions(client, systemNamespace);
  const revisions = all.filter((each) => ownsRevision(sidecarSet, each)).sort(byAge);
  return { object, sidecarSet, revisions, current: currentRevision(sidecarSet, revisions) };
}

/** @throws {CliError} that names the numbers that there are. */
export function revisionAt({ sidecarSet, revisions }: History, number: number): ControllerRevision {
  const found = revisions.find(({ revision }) => revision === number);
  if (found) return found;
  const numbers = revisions.map(({ revision }) => revision).join(", ") || "none";
  throw new CliError(
    `Cannot find revision ${number} of SidecarSet ${sidecarSet.metadata.name}: it has ${numbers}; ` +
      historyHint(sidecarSet),
  );
}

/** Where the revisions of a SidecarSet are listed. */
export function historyHint({ metadata: { name } }: SidecarSet): string {
  return `see: sidecarset rollout history ${name}`;
}
