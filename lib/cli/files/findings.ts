import type { FieldProblem } from "../../api/field_problem.ts";
import { inOneLine } from "../../core/printable.ts";
import { lineOfField } from "./locate.ts";
import type { Manifest } from "./manifests.ts";

/** One thing about one field of an object in a file. */
export interface Finding {
  /** A warning does not keep the object from being used. */
  readonly severity: "error" | "warning";
  readonly file: string;
  readonly line: number;
  /** `SidecarSet/NAME`. */
  readonly object: string;
  readonly field: string;
  readonly reason: FieldProblem["reason"] | "UnknownField";
  /** What is wrong and how to mend it, without the field. */
  readonly message: string;
}

/** Says where in the files a problem is. */
export function findingOf(
  manifest: Manifest,
  problem: Pick<Finding, "field" | "reason" | "message"> & Partial<Pick<Finding, "severity">>,
): Finding {
  const { field, reason, message, severity = "error" } = problem;
  return {
    severity,
    file: manifest.document.file,
    line: lineOfField(manifest, field),
    object: manifest.name === "" ? manifest.kind : `${manifest.kind}/${manifest.name}`,
    field,
    reason,
    message,
  };
}

/** In the form in which editors find the place: `FILE:LINE: ...`. */
export function findingText({ severity, file, line, object, field, reason, message }: Finding) {
  return inOneLine(
    `${file}:${line}: ${severity}: ${object} ${field ? `${field} ` : ""}${message} (${reason})`,
  );
}
