import type { Preconditions } from "../api/meta.ts";
import type { KubeObject } from "../api/objects.ts";
import type { JsonPatchOperation } from "../api/json.ts";
import type { ObjectList, RequestOptions, WatchOptions } from "./contract.ts";
import { type Resource, resources } from "./resources.ts";

/** Builders of requests as values: what to send, and how to read the response. `send()` sends them. */

/** A request, and the reader of its response. */
export interface KubeRequest<T> {
  readonly options: RequestOptions & { expectJson: true };
  read(value: unknown): T;
}

/** Name of an object; `namespace` for namespaced kinds only. */
export interface ObjectRef {
  name: string;
  namespace?: string;
}

/** Which objects a list or a watch is about. */
export interface Selection {
  /** @default all namespaces */
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
}

interface PageOptions extends Selection {
  limit?: number;
  continue?: string;
}

/** What a watch is about, where it starts, and how long it lasts. */
type WatchFrom = Selection & Omit<WatchOptions, "abortSignal">;

/** Options of every write. */
interface WriteOptions {
  /** Validates and responds without storing anything. */
  dryRun?: boolean;
  fieldManager?: string;
}

interface CreateOptions<T> extends WriteOptions {
  namespace?: string;
  body: T;
}

interface UpdateOptions<T> extends ObjectRef, WriteOptions {
  body: T;
}

type PatchBody =
  | { type: "merge" | "strategic-merge"; body: object }
  | { type: "json"; body: readonly JsonPatchOperation[] }
  /** Server-side apply; `force` takes over fields of other managers. */
  | { type: "apply"; body: KubeObject; force?: boolean };

export type PatchOptions = ObjectRef & WriteOptions & PatchBody & {
  subresource?: "status" | "resize";
};

interface DeleteOptions extends ObjectRef {
  dryRun?: boolean;
  preconditions?: Preconditions;
  gracePeriodSeconds?: number;
  propagationPolicy?: "Orphan" | "Background" | "Foreground";
}

type EvictOptions =
  & Required<ObjectRef>
  & Pick<DeleteOptions, "dryRun" | "preconditions">;

const PATCH_CONTENT_TYPES = {
  "merge": "application/merge-patch+json",
  "strategic-merge": "application/strategic-merge-patch+json",
  "json": "application/json-patch+json",
  "apply": "application/apply-patch+yaml",
} as const;

/** Reads one object. */
export function get<T extends KubeObject>(resource: Resource<T>, ref: ObjectRef): KubeRequest<T> {
  return {
    options: { method: "GET", path: objectPath(resource, ref), expectJson: true },
    read: resource.read,
  };
}

/** Reads one page. It has no resourceVersion, with which the API server would ignore `limit`. */
export function list<T extends KubeObject>(
  resource: Resource<T>,
  page: PageOptions = {},
): KubeRequest<ObjectList<T>> {
  return {
    options: {
      method: "GET",
      path: collectionPath(resource, page.namespace),
      querystring: query({ ...selectors(page), limit: page.limit, continue: page.continue }),
      expectJson: true,
    },
    read: resource.readList,
  };
}

/** Watches for changes after a resourceVersion, or from all present objects on; the response is a stream of events. */
export function watch<T extends KubeObject>(
  resource: Resource<T>,
  from: WatchFrom,
): RequestOptions & { expectStream: true; expectJson: true } {
  return {
    method: "GET",
    path: collectionPath(resource, from.namespace),
    querystring: query({
      watch: true,
      ...selectors(from),
      resourceVersion: from.resourceVersion,
      timeoutSeconds: from.timeoutSeconds,
      allowWatchBookmarks: from.allowWatchBookmarks,
      sendInitialEvents: from.sendInitialEvents,
      resourceVersionMatch: from.sendInitialEvents ? "NotOlderThan" : undefined,
    }),
    expectStream: true,
    expectJson: true,
  };
}

/**
 * Creates an object; the response is the stored object.
 *
 * @throws {TypeError} if the kind is namespaced and no namespace is given
 */
export function create<T extends KubeObject>(
  resource: Resource<T>,
  options: CreateOptions<T>,
): KubeRequest<T> {
  const { apiVersion, kind } = resource;
  if (resource.namespaced && options.namespace === undefined) throw missingNamespace(resource);
  return {
    options: {
      method: "POST",
      path: collectionPath(resource, options.namespace),
      querystring: query(writeQuery(options)),
      contentType: "application/json",
      bodyJson: { ...options.body, apiVersion, kind },
      expectJson: true,
    },
    read: resource.read,
  };
}

/** Replaces an object. The resourceVersion in the body is the precondition; the response is the stored object. */
export function update<T extends KubeObject>(
  resource: Resource<T>,
  options: UpdateOptions<T>,
): KubeRequest<T> {
  const { apiVersion, kind } = resource;
  return {
    options: {
      method: "PUT",
      path: objectPath(resource, options),
      querystring: query(writeQuery(options)),
      contentType: "application/json",
      bodyJson: { ...options.body, apiVersion, kind },
      expectJson: true,
    },
    read: resource.read,
  };
}

/** Patches an object, its status, or a Pod's resources; the response is the stored object. */
export function patch<T extends KubeObject>(
  resource: Resource<T>,
  options: PatchOptions,
): KubeRequest<T> {
  const suffix = options.subresource ? `/${options.subresource}` : "";
  return {
    options: {
      method: "PATCH",
      path: objectPath(resource, options) + suffix,
      querystring: query({
        ...writeQuery(options),
        force: options.type === "apply" ? options.force : undefined,
      }),
      contentType: PATCH_CONTENT_TYPES[options.type],
      bodyJson: options.body,
      expectJson: true,
    },
    read: resource.read,
  };
}

/** Deletes an object. The response is the terminating object or a Status, so it is ignored. */
export function remove<T extends KubeObject>(
  resource: Resource<T>,
  options: DeleteOptions,
): KubeRequest<void> {
  return {
    options: {
      method: "DELETE",
      path: objectPath(resource, options),
      contentType: "application/json",
      bodyJson: {
        apiVersion: "v1",
        kind: "DeleteOptions",
        ...deleteOptions(options),
        gracePeriodSeconds: options.gracePeriodSeconds,
        propagationPolicy: options.propagationPolicy,
      },
      expectJson: true,
    },
    read: ignoreAnswer,
  };
}

/** Evicts a Pod (policy/v1). The response is 429 while a PodDisruptionBudget does not allow it. */
export function evict(options: EvictOptions): KubeRequest<void> {
  const { name, namespace } = options;
  return {
    options: {
      method: "POST",
      path: `${objectPath(resources.pods, { name, namespace })}/eviction`,
      contentType: "application/json",
      bodyJson: {
        apiVersion: "policy/v1",
        kind: "Eviction",
        metadata: { name, namespace },
        deleteOptions: deleteOptions(options),
      },
      expectJson: true,
    },
    read: ignoreAnswer,
  };
}

/** Path of a kind's collection, in one namespace or in the cluster. */
function collectionPath<T extends KubeObject>(
  resource: Resource<T>,
  namespace?: string,
): string {
  const root = resource.apiVersion.includes("/") ? "/apis" : "/api";
  const scope = resource.namespaced && namespace !== undefined
    ? `/namespaces/${segment(namespace)}`
    : "";
  return `${root}/${resource.apiVersion}${scope}/${resource.plural}`;
}

/**
 * Path of one object.
 *
 * @throws {TypeError} if a namespaced kind has no namespace, or a name cannot be part of a path
 */
export function objectPath<T extends KubeObject>(resource: Resource<T>, ref: ObjectRef): string {
  if (resource.namespaced && ref.namespace === undefined) throw missingNamespace(resource);
  return `${collectionPath(resource, ref.namespace)}/${segment(ref.name)}`;
}

function missingNamespace(resource: { plural: string }): TypeError {
  return new TypeError(`Cannot address ${resource.plural} without a namespace`);
}

/** One path segment. "." and ".." would address another path. */
function segment(name: string): string {
  if (name === "" || name === "." || name === "..") {
    throw new TypeError(`Cannot use as a name in a path: current value is "${name}"`);
  }
  return encodeURIComponent(name);
}

function ignoreAnswer(): void {}

function selectors(selection: Selection) {
  return { labelSelector: selection.labelSelector, fieldSelector: selection.fieldSelector };
}

function writeQuery(options: WriteOptions) {
  return { dryRun: options.dryRun ? "All" : undefined, fieldManager: options.fieldManager };
}

function deleteOptions(options: { dryRun?: boolean; preconditions?: Preconditions }) {
  return { dryRun: options.dryRun ? ["All"] : undefined, preconditions: options.preconditions };
}

function query(parameters: Record<string, string | number | boolean | undefined>): URLSearchParams {
  const present = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)]]
  );
  return new URLSearchParams(present);
}
