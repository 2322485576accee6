import { isObject } from "../../lib/api/json.ts";

/** One request that the API server has logged. */
export interface AuditedRequest {
  /** `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`. */
  readonly verb: string;
  /** `pods`, `pods/status`; the path of a request that is for no resource. */
  readonly resource: string;
  /** Path and query. */
  readonly uri: string;
  readonly namespace: string;
  readonly name: string;
  readonly code: number;
  /** `sidecarset/1.0 (IDENTITY)`, which distinguishes replicas. */
  readonly userAgent: string;
  /** When it came. */
  readonly at: Date;
}

/**
 * An audit policy that logs the requests of one user only. A watch counts from its start: it may last until
 * long after a test.
 */
export function auditPolicy(user: string): object {
  return {
    apiVersion: "audit.k8s.io/v1",
    kind: "Policy",
    omitStages: ["RequestReceived"],
    rules: [{ level: "Metadata", users: [user] }, { level: "None" }],
  };
}

/** The requests of an audit log in their order, each once though it has a line for each stage. */
export function readAuditLog(text: string): AuditedRequest[] {
  const seen = new Set<string>();
  const requests: AuditedRequest[] = [];
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const event: unknown = JSON.parse(line);
    if (!isObject(event)) continue;
    const id = textOf(event.auditID);
    if (seen.has(id)) continue;
    seen.add(id);
    requests.push(requestOf(event));
  }
  return requests;
}

/** How often each verb came for each resource: `{ "patch pods": 3 }`. */
export function countRequests(requests: readonly AuditedRequest[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { verb, resource } of requests) {
    const key = `${verb} ${resource}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

function requestOf(event: Record<string, unknown>): AuditedRequest {
  const object = isObject(event.objectRef) ? event.objectRef : {};
  const subresource = textOf(object.subresource);
  const resource = textOf(object.resource) + (subresource === "" ? "" : `/${subresource}`);
  return {
    verb: textOf(event.verb),
    resource: resource === "" ? textOf(event.requestURI) : resource,
    uri: textOf(event.requestURI),
    namespace: textOf(object.namespace),
    name: textOf(object.name),
    code: isObject(event.responseStatus) ? Number(event.responseStatus.code) : 0,
    userAgent: textOf(event.userAgent),
    at: new Date(textOf(event.requestReceivedTimestamp)),
  };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
