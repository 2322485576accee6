import type { ControllerRevision } from "../../api/objects.ts";
import { CUSTOM_VERSION_LABEL } from "../../api/names.ts";
import { revisedFieldNames } from "../../core/revision/data.ts";
import { resources } from "../../kube/resources.ts";
import type { Live } from "../cluster/connection.ts";
import type { DryRun } from "../command_line/options.ts";
import { partsOf, recordedParts } from "../sidecarsets/revision_parts.ts";
import { CliError } from "../terminal/terminal.ts";
import { yamlDiff } from "../terminal/unified_diff.ts";
import { change } from "./change.ts";
import { type History, historyHint, readHistory, revisionAt } from "./history.ts";

interface UndoOptions {
  readonly name: string;
  readonly systemNamespace: string;
  readonly dryRun: DryRun;
  /** @default the previous revision */
  readonly toRevision?: number;
}

/**
 * Rolls a SidecarSet back to an earlier revision, and prints the diff first.
 *
 * @returns 0, or 1 if the SidecarSet is already at that revision.
 * @throws {CliError} if the revision does not exist.
 */
export async function undoCommand(
  { name, systemNamespace, dryRun, toRevision }: UndoOptions,
  live: Live,
): Promise<number> {
  const { terminal, connection: { client } } = live;
  const history = await readHistory(client, { name, systemNamespace });
  const target = toRevision === undefined ? previous(history) : revisionAt(history, toRevision);
  if (target === history.current) {
    terminal.error(`Nothing to do: SidecarSet ${name} is already at revision ${target.revision}\n`);
    return 1;
  }
  terminal.write(
    yamlDiff([partsOf(history.sidecarSet.spec), recordedParts(target)], {
      before: "now",
      after: `revision ${target.revision}`,
      terminal,
    }),
  );
  const { resourceVersion } = history.object.metadata;
  const body = {
    metadata: { resourceVersion, ...versionLabel(history, target) },
    spec: undone(history, target),
  };
  const done = `rolled back to revision ${target.revision}`;
  await change(resources.sidecarSets, { patch: { name, type: "merge", body }, done, dryRun }, live);
  if (history.sidecarSet.spec.updateStrategy?.paused) {
    terminal.error(
      "The roll-out is paused. Resume it with:\n" +
        `  ${terminal.program} rollout resume ${name}\n`,
    );
  }
  return 0;
}

function previous({ sidecarSet, revisions, current }: History): ControllerRevision {
  const older = revisions.filter((each) => each !== current);
  const found = older.at(-1);
  if (found) return found;
  throw new CliError(
    `Cannot undo: SidecarSet ${sidecarSet.metadata.name} has no earlier revision; ` +
      historyHint(sidecarSet),
  );
}

/** Merge patch with the injected parts of the revision; null removes a part. */
function undone({ sidecarSet }: History, target: ControllerRevision): Record<string, unknown> {
  const recorded = recordedParts(target);
  const parts = revisedFieldNames.map((field) => [field, recorded[field] ?? null]);
  // A custom version must not name two different revisions.
  const version = sidecarSet.spec.customVersion === undefined
    ? {}
    : { customVersion: target.metadata.labels?.[CUSTOM_VERSION_LABEL] ?? null };
  return { ...Object.fromEntries(parts), ...version };
}

/** The label of a v1alpha1 SidecarSet with a custom version. */
function versionLabel({ sidecarSet }: History, target: ControllerRevision) {
  if (sidecarSet.metadata.labels?.[CUSTOM_VERSION_LABEL] === undefined) return {};
  const version = target.metadata.labels?.[CUSTOM_VERSION_LABEL] ?? null;
  return { labels: { [CUSTOM_VERSION_LABEL]: version } };
}
