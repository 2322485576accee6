import { isObject } from "../../api/json.ts";
import { GROUP, PLURAL, STORAGE_VERSION } from "../../api/names.ts";
import { missingCrdText } from "../../api/problems.ts";
import { inOneLine } from "../../core/printable.ts";
import { CliError } from "./terminal.ts";

/**
 * Describes why a command failed, with the remedy.
 *
 * @param options `verbose` returns the stack trace; `program` is the name of the call: `sidecarset` or
 * `kubectl sidecarset`.
 */
export function failureText(
  error: unknown,
  { verbose, program }: { verbose: boolean; program: string },
): string {
  if (!(error instanceof Error)) return String(error);
  if (verbose) return error.stack ?? error.message;
  if (error instanceof CliError) return error.message;
  const clusterText = clusterErrorText(error, program);
  if (clusterText !== undefined) return clusterText;
  return `Cannot continue because of a bug: ${error.message}; ` +
    "run the command again with --verbose and report the output";
}

/**
 * Describes a failed API request with its remedy; undefined for any other error. Identifies the API client's errors by
 * their shape, so that an offline command does not import the client.
 *
 * @param program Name of the call: `sidecarset` or `kubectl sidecarset`.
 */
function clusterErrorText(error: Error, program: string): string | undefined {
  const message = inOneLine(error.message);
  if (error.name === "ConnectionError") {
    return `${message}. Check that the cluster is running and that --context selects it`;
  }
  if (error.name === "CredentialsError") return message;
  if (error.name !== "ApiError" || !isObject(error)) return undefined;
  if (error.httpCode === 404 && String(error.path).endsWith(`/${STORAGE_VERSION}/${PLURAL}`)) {
    return missingCrdText(program);
  }
  const { httpCode, method, path } = error;
  const remedy = httpCode === 403
    ? `Ask for ${permission(String(method), String(path))}, or select a --context that has it`
    : typeof httpCode === "number"
    ? remedyFor(httpCode, program)
    : undefined;
  return remedy === undefined ? message : `${message}. ${remedy}`;
}

/** Kinds that commands read besides SidecarSets; Kubernetes' role for users grants them. */
const VIEWED =
  /^\/(?:api\/v1|apis\/apps\/v1)\/(?:namespaces\/([^/]+)\/)?(?:controllerrevisions|pods|configmaps)\b/;

/** The role for users that grants the request, or the permission that the API server's message names. */
function permission(method: string, path: string): string {
  if (path.includes(`/apis/${GROUP}/`)) {
    return `the ClusterRole sidecarset-${method === "GET" ? "view" : "edit"}`;
  }
  const viewed = method === "GET" ? VIEWED.exec(path) : null;
  if (viewed === null) return "the permission";
  const [, namespace] = viewed;
  const place = namespace ? `in namespace ${namespace}` : "for the whole cluster";
  return `the ClusterRole view ${place}`;
}

function remedyFor(httpCode: number, program: string): string | undefined {
  switch (httpCode) {
    case 401:
      return "Log in to the cluster again, or select another user with --context";
    case 404:
      return `See what is installed with: ${program} doctor`;
    case 409:
      return "Another client changed the object: run the command again";
    case 429:
    case 503:
      return "The API server is busy: run the command again";
    default:
      return undefined;
  }
}
