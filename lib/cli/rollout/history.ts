import type { ControllerRevision } from "../../api/controller_revision.ts";
import { CUSTOM_VERSION_LABEL } from "../../api/names.ts";
import type { Live } from "../live/connection.ts";
import { printData, table } from "../output.ts";
import { yamlDiff } from "../yaml_diff.ts";
import { readHistory, recordedParts, revisionAt } from "./revisions.ts";

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
      `SidecarSet ${name} has no revision yet: see whether a controller runs with doctor\n`,
    );
    return 0;
  }
  const header = ["REVISION", "NAME", "CUSTOM-VERSION", "CREATED", "CURRENT"];
  const rows = shown.map((each) => {
    const { number, revisionName, customVersion, created, current } = dataOf(each, history.current);
    return [`${number}`, revisionName, customVersion ?? "", created, current ? "*" : ""];
  });
  const diffs = shown.map((each) => {
    const index = history.revisions.indexOf(each);
    const before = history.revisions[index - 1];
    return yamlDiff([before && recordedParts(before), recordedParts(each)], {
      before: before ? `revision ${before.revision}` : "nothing",
      after: `revision ${each.revision}`,
      terminal,
    });
  });
  terminal.write([`${table([header, ...rows]).join("\n")}\n`, ...diffs].join("\n"));
  return 0;
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
