import type { FieldProblem } from "../api/problems.ts";
import type { KubeObject } from "../api/objects.ts";
import { readAs, withoutNulls } from "../api/read.ts";
import type { SidecarSet } from "../api/sidecarset.ts";
import { sidecarSetStatus } from "../api/sidecarset_status.ts";
import { prepareSidecarSet } from "../core/defaults/prepare.ts";
import type { PreparedSidecarSet } from "../core/prepared.ts";
import { specWrittenAt } from "../core/status/effective_since.ts";

/** A stored SidecarSet that cannot be read is known by its problems alone, and injected nowhere. */
export function toPrepared(
  object: KubeObject,
  problemsOf: (sidecarSet: SidecarSet) => readonly FieldProblem[],
): PreparedSidecarSet {
  const { managedFields: _fields, ...metadata } = object.metadata;
  const trimmed = { ...object, metadata };
  const read = prepareSidecarSet(trimmed, { problemsOf });
  const writtenAt = specWrittenAt(object.metadata);
  if (read.ok) return writtenAt ? { ...read.value, specWrittenAt: writtenAt } : read.value;
  const status = readAs(sidecarSetStatus, withoutNulls("status" in object ? object.status : {}));
  return {
    name: metadata.name ?? "",
    sidecarSet: { metadata, spec: {}, ...(status.ok ? { status: status.value } : {}) },
    hash: "",
    hashWithoutImage: "",
    revisionName: "",
    problems: read.problems,
  };
}
