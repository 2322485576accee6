import { isCollection, isMap, isNode, isScalar, type Node } from "yaml";
import type { FieldProblem } from "../../api/problems.ts";
import { inOneLine } from "../../core/printable.ts";
import type { Manifest } from "./manifests.ts";

/** A finding about a field of an object in a file. */
export interface Finding {
  /** An object with warnings only is still used. */
  readonly severity: "error" | "warning";
  readonly file: string;
  readonly line: number;
  /** `SidecarSet/NAME`. */
  readonly object: string;
  readonly field: string;
  readonly reason: FieldProblem["reason"] | "UnknownField" | "PolicyUnsupported";
  /** Problem and remedy, without the field. */
  readonly message: string;
}

/** Adds file and line to a problem. */
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

/** Formats a finding as `FILE:LINE: ...`, which editors link to the source. */
export function findingText({ severity, file, line, object, field, reason, message }: Finding) {
  return inOneLine(
    `${file}:${line}: ${severity}: ${object} ${field ? `${field} ` : ""}${message} (${reason})`,
  );
}

/**
 * Line of a field; for a missing field, the line of its innermost existing parent.
 *
 * @param field Kubernetes field path: `spec.containers[0].name`, `metadata.annotations[example.com/key]`.
 */
export function lineOfField({ document, path }: Manifest, field: string): number {
  const { contents } = document.tree;
  let node: unknown = contents;
  let offset = startOf(contents);
  for (const key of [...path, ...segmentsOf(field)]) {
    if (!isCollection(node)) break;
    // A map's line is its key's: the value may begin below it.
    const pair = isMap(node)
      ? node.items.find((item) => isScalar(item.key) && item.key.value === String(key))
      : undefined;
    node = pair ? pair.value : isMap(node) ? undefined : node.get(Number(key), true);
    offset = startOf(pair?.key) ?? startOf(node) ?? offset;
  }
  return document.lineAt(offset ?? 0);
}

function segmentsOf(field: string): string[] {
  return [...field.matchAll(/\[([^\]]*)\]|([^.[\]]+)/g)]
    .map(([, inBrackets, afterDot]) => inBrackets ?? afterDot ?? "");
}

function startOf(node: Node | null | unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}
