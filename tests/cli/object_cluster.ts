import { isDeepStrictEqual } from "node:util";
import { parseAllDocuments } from "yaml";
import { isObject } from "../../lib/api/json.ts";
import type { RestClient } from "../../lib/kube/contract.ts";
import { resources } from "../../lib/kube/resources.ts";
import { type Recorded, RecordingClient } from "../support/recording_client.ts";

type Stored = Record<string, unknown> & {
  kind: string;
  apiVersion: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
};

/** A cluster whose objects are those of YAML documents. */
export interface ObjectCluster {
  readonly client: RestClient;
  /** The writes that were asked for, one a line. */
  writes(): string[];
  /** Adds an object as another client would. */
  store(object: object): void;
}

export interface ObjectClusterOptions {
  /** Whether a user may do what an access review asks about. @default everybody may do everything */
  readonly isAllowed?: (spec: Record<string, unknown>) => boolean;
  /** Requests that the user may not make. @default none */
  readonly isForbidden?: (request: Recorded) => boolean;
  /** The error that a request fails with. @default none */
  readonly errorOf?: (request: Recorded) => { httpCode: number; status?: object } | undefined;
}

/** The objects of YAML documents, as they are or as values. */
export function clusterOf(
  documents: string | readonly object[],
  { isAllowed = () => true, isForbidden = () => false, errorOf = () => undefined }:
    ObjectClusterOptions = {},
): ObjectCluster {
  const values: readonly unknown[] = typeof documents === "string"
    ? parseAllDocuments(documents).map((document): unknown => document.toJS())
    : documents;
  // Answers reads from the objects; writes but deletions are answered as if they were done, and forgotten.
  const objects = values.filter(isStored);
  const client = new RecordingClient((request) => {
    if (isForbidden(request)) return { httpCode: 403, status: { message: "forbidden" } };
    const error = errorOf(request);
    if (error !== undefined) return error;
    if (!isReview(request.path)) return answer(request, objects);
    const spec = isObject(request.body) && isObject(request.body.spec) ? request.body.spec : {};
    return { metadata: {}, status: { allowed: isAllowed(spec) } };
  });
  return {
    client,
    store: (object) => void objects.push(...[object].filter(isStored)),
    writes: () =>
      client.requests.filter(({ method, path }) => method !== "GET" && !isReview(path))
        .map(({ method, path, query, body }) =>
          `${method} ${path}${query?.size ? `?${query}` : ""} ${JSON.stringify(body ?? {})}`
        ),
  };
}

function isStored(value: unknown): value is Stored {
  return isObject(value) && typeof value.kind === "string" && isObject(value.metadata);
}

/** Whether a request only asks a question. */
function isReview(path: string): boolean {
  return path.endsWith("accessreviews");
}

function answer({ method, path, body, query }: Recorded, objects: Stored[]): object {
  if (path === "/version") return { major: "1", minor: "34", gitVersion: "v1.34.0" };
  const place = placeOf(path);
  if (place === undefined) return { httpCode: 404 };
  if (method === "POST") return { metadata: {}, ...Object(body) };
  const found = objects.filter((object) =>
    object.kind === place.kind && isDeepStrictEqual(object.apiVersion, place.apiVersion) &&
    (place.namespace === undefined || object.metadata.namespace === place.namespace)
  );
  if (place.name === undefined) {
    const selector = query?.get("labelSelector") ?? "";
    const items = found.filter((object) => selected(object, selector));
    return { metadata: { resourceVersion: "1" }, items };
  }
  const object = found.find(({ metadata }) => metadata.name === place.name);
  if (object === undefined) return { httpCode: 404 };
  const isDryRun = isObject(body) && body.dryRun !== undefined;
  if (method === "DELETE" && !isDryRun) objects.splice(objects.indexOf(object), 1);
  return object;
}

/** `/apis/GROUP/VERSION/namespaces/NS/PLURAL/NAME` */
function placeOf(path: string) {
  const parts = path.split("/").slice(1).map(decodeURIComponent);
  const apiVersion = parts[0] === "api" ? parts[1] ?? "" : `${parts[1]}/${parts[2]}`;
  const rest = parts.slice(parts[0] === "api" ? 2 : 3);
  const isNamespaced = rest[0] === "namespaces" && rest.length > 2;
  const [plural, name] = isNamespaced ? rest.slice(2) : rest;
  const resource = Object.values(resources).find((each) =>
    each.plural === plural && groupOf(each.apiVersion) === groupOf(apiVersion)
  );
  if (resource === undefined) return undefined;
  return { kind: resource.kind, apiVersion, name, namespace: isNamespaced ? rest[1] : undefined };
}

function groupOf(apiVersion: string): string {
  return apiVersion.split("/").slice(0, -1).join();
}

function selected({ metadata: { labels = {} } }: Stored, selector: string): boolean {
  return selector.split(",").filter((term) => term !== "").every((term) => {
    const [key = "", value] = term.split("=");
    return value === undefined ? Object.hasOwn(labels, key) : labels[key] === value;
  });
}
