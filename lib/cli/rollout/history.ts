import type { ControllerRevision, KubeObject } from "../../api/objects.ts";
import { CUSTOM_VERSION_LABEL } from "../../api/names.ts";
import type { SidecarSet } from "../../api/sidecarset.ts";
import { byAge, ownsRevision } from "../../core/revision/controller_revision.ts";
import { currentRevision } from "../../core/revision/plan.ts";
import type { RestClient } from "../../kube/contract.ts";
import { resources } from "../../kube/resources.ts";
import { toPrepared } from "../../core/defaults/prepare.ts";
import type { Live } from "../cluster/connection.ts";
import { readRevisions } from "../cluster/live_cluster.ts";
import { recordedParts } from "../sidecarsets/revision_parts.ts";
import { type DataFormat, objectName, printData, table } from "../terminal/output.ts";
import { CliError } from "../terminal/terminal.ts";
import { yamlDiff } from "../terminal/unified_diff.ts";
import { readSidecarSet } from "./change.ts";

interface HistoryOptions {
  readonly name: string;
  readonly systemNamespace: string;
  readonly output: "text" | "name" | DataFormat;
  /** Show only this revision. */
  readonly revision?: number;
}

/**
 * Prints the revisions of a SidecarSet, each with the diff to its predecessor.
 *
 * @returns 0.
 * @throws {CliError} for a revision that does not exist.
 */
export async function historyCommand(
  { name, systemNamespace, output, revision }: HistoryOptions,
  { terminal, connection: { client } }: Live,
): Promise<number> {
  const history = await readHistory(client, { name, systemNamespace });
  const shown = revision === undefined ? history.revisions : [revisionAt(history, revision)];
  if (output === "name") {
    const { apiVersion, kind } = resources.controllerRevisions;
    const names = shown.map(({ metadata: { name = "" } }) =>
      objectName({ apiVersion, kind, name })
    );
    terminal.write(names.map((each) => `${each}\n`).join(""));
    return 0;
  }
  if (output !== "text") {
    const data = { revisions: shown.map((each) => dataOf(each, history.current)) };
    await printData(data, { format: output, terminal });
    return 0;
  }
  if (shown.length === 0) {
    terminal.error(
      `SidecarSet ${name} has no revision yet. Check that a controller runs: ${terminal.program} doctor\n`,
    );
    return 0;
  }
  const rows = shown.map((each) => dataOf(each, history.current));
  const diffs = shown.flatMap((each) => {
    const before = history.revisions[history.revisions.indexOf(each) - 1];
    // The oldest revision has no predecessor; show it only if it is requested.
    if (before === undefined && revision === undefined) return [];
    return yamlDiff([before && recordedParts(before), recordedParts(each)], {
      before: before ? `revision ${before.revision}` : "nothing",
      after: `revision ${each.revision}`,
      terminal,
    });
  });
  terminal.write([`${historyTable(rows).join("\n")}\n`, ...diffs].join("\n"));
  return 0;
}

/** The column for custom versions appears only if a revision has one. */
function historyTable(rows: readonly ReturnType<typeof dataOf>[]): string[] {
  const hasVersions = rows.some(({ customVersion }) => customVersion !== undefined);
  const version = (text = "") => hasVersions ? [text] : [];
  return table([
    ["REVISION", "NAME", ...version("CUSTOM-VERSION"), "CREATED", "CURRENT"],
    ...rows.map(({ number, revisionName, customVersion, created, current }) => [
      `${number}`,
      revisionName,
      ...version(customVersion),
      created,
      current ? "*" : "",
    ]),
  ]);
}

function dataOf(each: ControllerRevision, current: ControllerRevision | undefined) {
  const { name = "", creationTimestamp = "", labels = {} } = each.metadata;
  const customVersion = labels[CUSTOM_VERSION_LABEL];
  return {
    number: each.revision,
    revisionName: name,
    ...(customVersion === undefined ? {} : { customVersion }),
    created: creationTimestamp,
    current: each === current,
    spec: recordedParts(each),
  };
}

/** A SidecarSet with its revisions. */
export interface History {
  readonly object: KubeObject;
  readonly sidecarSet: SidecarSet;
  /** Oldest first. */
  readonly revisions: readonly ControllerRevision[];
  /** Revision of the current spec; undefined until the controller has stored it. */
  readonly current: ControllerRevision | undefined;
}

/**
 * Reads a SidecarSet and its revisions. Rejects with the API server's error, also where it forbids the revisions.
 *
 * @throws {CliError} if the SidecarSet does not exist.
 */
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

/** @throws {CliError} with the existing numbers if the revision does not exist. */
export function revisionAt({ sidecarSet, revisions }: History, number: number): ControllerRevision {
  const found = revisions.find(({ revision }) => revision === number);
  if (found) return found;
  const numbers = revisions.map(({ revision }) => revision).join(", ") || "none";
  throw new CliError(
    `Cannot find revision ${number} of SidecarSet ${sidecarSet.metadata.name}: it has ${numbers}; ` +
      historyHint(sidecarSet),
  );
}

/** The command that lists the revisions of a SidecarSet. */
export function historyHint({ metadata: { name } }: SidecarSet): string {
  return `see: sidecarset rollout history ${name}`;
}
