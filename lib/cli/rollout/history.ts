import type { ControllerRevision } from "../../api/controller_revision.ts";
import { CUSTOM_VERSION_LABEL } from "../../api/names.ts";
import type { Live } from "../cluster/connection.ts";
import { recordedParts } from "../sidecarsets/revision_parts.ts";
import { printData, table } from "../terminal/output.ts";
import { yamlDiff } from "../terminal/yaml_diff.ts";
import { readHistory, revisionAt } from "./revisions.ts";

export interface HistoryOptions {
  readonly name: string;
  readonly systemNamespace: string;
  readonly output: "text" | "json" | "yaml";
  /** Only this one. */
  readonly revision?: number;
}

/**
 * Prints the revisions of a SidecarSet, and how each differs from the one before.
 *
 * @returns 0.
 * @throws {CliError} for a revision that is not there.
 */
export async function historyCommand(
  { name, systemNamespace, output, revision }: HistoryOptions,
  { terminal, connection: { client } }: Live,
): Promise<number> {
  const history = await readHistory(client, { name, systemNamespace });
  const shown = revision === undefined ? history.revisions : [revisionAt(history, revision)];
  if (output !== "text") {
    const data = { revisions: shown.map((each) => dataOf(each, history.current)) };
    await printData(data, { format: output, terminal });
    return 0;
  }
  if (shown.length === 0) {
    terminal.error(
      `SidecarSet ${name} has no revision yet: see whether a controller runs with ${terminal.program} doctor\n`,
    );
    return 0;
  }
  const rows = shown.map((each) => dataOf(each, history.current));
  const diffs = shown.flatMap((each) => {
    const before = history.revisions[history.revisions.indexOf(each) - 1];
    // All of the oldest one is no difference; it is shown to those who ask for it.
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

/** Custom versions have a column where there are some. */
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
