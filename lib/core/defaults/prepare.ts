import { type FieldProblem, type Read, TOO_DEEP } from "../../api/problems.ts";
import { isTooDeep } from "../../api/json.ts";
import { readAs } from "../../api/read.ts";
import { type SidecarSet, sidecarSet } from "../../api/sidecarset.ts";
import { completeSidecarSet } from "./sidecarset.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { hashSidecarSet } from "../revision/hash.ts";

export interface PrepareOptions {
  /** The name of the stored ControllerRevision of this spec; empty when there is none yet. */
  readonly revisionName?: string;
  /** Validates a readable SidecarSet; without it `problems` is empty. */
  problemsOf?(sidecarSet: SidecarSet): readonly FieldProblem[];
}

/**
 * Reads a SidecarSet of either version, applies its defaults and computes its hashes, so that nothing depends on
 * the defaulting webhook. As in the API server, defaults come before the schema.
 *
 * @returns the problems if the object does not match the schema or is nested too deep; those of `problemsOf` are
 * part of the value
 */
export function prepareSidecarSet(
  raw: unknown,
  { revisionName = "", problemsOf }: PrepareOptions = {},
): Read<PreparedSidecarSet> {
  if (isTooDeep(raw)) return { ok: false, problems: [TOO_DEEP] };
  const read = readAs(sidecarSet, completeSidecarSet(raw));
  if (!read.ok) return read;
  const defaulted = read.value;
  return {
    ok: true,
    value: {
      name: defaulted.metadata.name ?? "",
      sidecarSet: defaulted,
      ...hashSidecarSet(defaulted.spec),
      revisionName,
      problems: problemsOf?.(defaulted) ?? [],
    },
  };
}
