import { MAX_NESTING } from "./json.ts";
import { CRD_NAME, STORAGE_VERSION } from "./names.ts";

/** One thing wrong with one field, in the terms of a meta/v1 StatusCause. */
export interface FieldProblem {
  reason:
    | "FieldValueRequired"
    | "FieldValueInvalid"
    | "FieldValueDuplicate"
    | "FieldValueNotSupported"
    | "FieldValueForbidden"
    | "FieldValueNotFound"
    | "FieldValueTooLong"
    | "FieldValueTypeInvalid";
  /** Path as Kubernetes writes it: `spec.containers[0].name`. */
  field: string;
  /** The problem and its remedy, without the path. */
  message: string;
}

/** The only problem reported for a SidecarSet that `isTooDeep()`. Only the spec can be nested that deep. */
export const TOO_DEEP: FieldProblem = {
  reason: "FieldValueInvalid",
  field: "spec",
  message: `must not be nested deeper than ${MAX_NESTING} levels`,
};

/** The result of reading untrusted input: the value, or every problem in it. */
export type Read<T> = { ok: true; value: T } | { ok: false; problems: FieldProblem[] };

/** The problems as one text, for a part of a sentence. */
export function problemTexts(problems: readonly FieldProblem[]): string {
  return problems.map(({ field, message }) => `${field} ${message}`.trim()).join("; ");
}

/** Joins path segments the way `k8s.io/apimachinery` `field.Path` does. */
export function fieldPath(segments: readonly PropertyKey[]): string {
  let path = "";
  for (const segment of segments) {
    if (typeof segment === "number") path += `[${segment}]`;
    else if (/^[A-Za-z_$][\w$-]*$/.test(String(segment))) {
      path += path === "" ? String(segment) : `.${String(segment)}`;
    } else path += `[${String(segment)}]`;
  }
  return path;
}

/** Why a file cannot be read, as the end of a sentence. */
export function fileProblem(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.IsADirectory) return "it is a folder";
  if (error instanceof Deno.errors.PermissionDenied) return "its permissions do not allow it";
  return error instanceof Error ? error.message : String(error);
}

/**
 * The error for an API server that does not serve SidecarSets (404 for the collection), with the command that
 * installs them.
 *
 * @param program name of this program's command
 */
export function missingCrdText(program: string): string {
  return `Cannot find the CustomResourceDefinition ${CRD_NAME} with version ${STORAGE_VERSION}: ` +
    "SidecarSet is not installed in this cluster; install it with: " +
    `${program} manifests --image IMAGE | kubectl apply -f -`;
}
