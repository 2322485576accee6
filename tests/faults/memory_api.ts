import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../../lib/api/clock.ts";
import { isObject } from "../../lib/api/json.ts";
import type { ObjectMeta } from "../../lib/api/meta.ts";
import type { KubeObject } from "../../lib/api/objects.ts";
import type { JSONValue, RequestOptions, RestClient } from "../../lib/kube/contract.ts";
import { ApiError } from "../../lib/kube/errors.ts";

interface Watch {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly stream: ReadableStreamDefaultController<JSONValue>;
}

type Stored = KubeObject & { readonly [field: string]: unknown };

/** An API server in memory, with lists, watches, merge patches and evictions. It keeps nothing of deleted objects. */
export class MemoryApi implements RestClient {
  readonly objects = new Map<string, Stored>();
  /** Number of writes by method and kind, such as `PATCH pods`. */
  readonly writes = new Map<string, number>();
  readonly #clock: Clock;
  readonly #watches = new Set<Watch>();
  #version = 1_000;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  performRequest(
    options: RequestOptions & { expectStream: true; expectJson: true },
  ): Promise<ReadableStream<JSONValue>>;
  performRequest(options: RequestOptions & { expectJson: true }): Promise<JSONValue>;
  performRequest(options: RequestOptions): Promise<Uint8Array>;
  async performRequest(options: RequestOptions): Promise<unknown> {
    await Promise.resolve();
    options.abortSignal?.throwIfAborted();
    options.beforeSend?.();
    const { method, path, querystring = new URLSearchParams() } = options;
    if (options.expectStream) return this.#watch(path, querystring);
    const { plural, name, subresource } = partsOf(path);
    if (method === "GET") return name ? this.#get("GET", path) : this.#list(path, querystring);
    const kind = `${method} ${subresource === "eviction" ? "evictions" : plural}`;
    this.writes.set(kind, (this.writes.get(kind) ?? 0) + 1);
    const body: object = isObject(options.bodyJson) ? options.bodyJson : {};
    if (querystring.has("dryRun")) return body;
    const objectPath = subresource ? path.slice(0, path.lastIndexOf("/")) : path;
    if (method === "DELETE" || subresource === "eviction") return this.delete(objectPath);
    if (method === "PATCH") {
      const isApplied = options.contentType === "application/apply-patch+yaml";
      if (isApplied && !this.objects.has(path)) return this.put(path, body);
      return this.patch(objectPath, body);
    }
    // Events are not kept: a real API server deletes them after an hour.
    if (plural === "events") return { ...body, metadata: { resourceVersion: this.#next() } };
    return this.put(name ? objectPath : `${path}/${memberOf(body, "metadata").name}`, body);
  }

  /** Stores an object. */
  put(path: string, body: object): Stored {
    const known = this.objects.get(path);
    const metadata: ObjectMeta = {
      uid: crypto.randomUUID(),
      creationTimestamp: this.#clock.now().toISOString(),
      ...memberOf(body, "metadata"),
      generation: (known?.metadata.generation ?? 0) +
        Number(!isDeepStrictEqual(specOf(known), specOf(body))),
      resourceVersion: this.#next(),
      managedFields: [{ operation: "Update", time: this.#clock.now().toISOString() }],
    };
    const stored: Stored = { ...body, metadata };
    this.objects.set(path, stored);
    this.#publish(path, known ? "MODIFIED" : "ADDED", stored);
    return stored;
  }

  /** @throws {ApiError} 404 */
  patch(path: string, patch: object): Stored {
    return this.put(path, merged(this.#get("PATCH", path), patch));
  }

  /** @throws {ApiError} 404 */
  delete(path: string): Stored {
    const known = this.#get("DELETE", path);
    this.objects.delete(path);
    const metadata = { ...known.metadata, resourceVersion: this.#next() };
    this.#publish(path, "DELETED", { ...known, metadata });
    return known;
  }

  /** Sends an object to the watches that select it. */
  #publish(path: string, type: "ADDED" | "MODIFIED" | "DELETED", object: KubeObject): void {
    const collections = collectionsOf(path);
    for (const watch of this.#watches) {
      const isSent = collections.includes(watch.path) && isSelected(watch.query, object);
      if (isSent) watch.stream.enqueue(JSON.parse(JSON.stringify({ type, object })));
    }
  }

  /** Shows all watches that the server is alive. */
  sendBookmarks(): void {
    const object = { metadata: { resourceVersion: String(this.#version) } };
    for (const { stream } of this.#watches) stream.enqueue({ type: "BOOKMARK", object });
  }

  /** Objects of a collection, such as `/api/v1/pods`. */
  list(collection: string): [path: string, object: Stored][] {
    return [...this.objects].filter(([path]) => collectionsOf(path).includes(collection));
  }

  #get(method: "GET" | "PATCH" | "DELETE", path: string): Stored {
    const stored = this.objects.get(path);
    if (!stored) throw new ApiError({ method, path, httpCode: 404 });
    return stored;
  }

  #list(collection: string, query: URLSearchParams): object {
    const items = this.#inOrder(collection);
    return {
      metadata: { resourceVersion: String(this.#version) },
      items: items.filter((object) => isSelected(query, object)),
    };
  }

  #watch(path: string, query: URLSearchParams): ReadableStream<JSONValue> {
    const watches = this.#watches;
    const initial = query.has("sendInitialEvents") ? this.#initialEvents(path, query) : [];
    let watch: Watch | undefined;
    return new ReadableStream({
      start(stream) {
        watch = { path, query, stream };
        watches.add(watch);
        for (const event of initial) stream.enqueue(event);
      },
      cancel: () => void (watch && watches.delete(watch)),
    });
  }

  #initialEvents(path: string, query: URLSearchParams): JSONValue[] {
    const selected = this.#inOrder(path).filter((object) => isSelected(query, object));
    const annotations = { "k8s.io/initial-events-end": "true" };
    const end = { metadata: { resourceVersion: String(this.#version), annotations } };
    const events = selected.map((object) => ({ type: "ADDED", object }));
    return JSON.parse(JSON.stringify([...events, { type: "BOOKMARK", object: end }]));
  }

  /** As etcd has them: by namespace and name. */
  #inOrder(collection: string): Stored[] {
    const sorted = this.list(collection).sort(([a], [b]) => a < b ? -1 : 1);
    return sorted.map(([, object]) => object);
  }

  #next(): string {
    return String(++this.#version);
  }
}

/** Resource, name and subresource of a path; a path of a collection has no name. */
function partsOf(path: string): { plural?: string; name?: string; subresource?: string } {
  const parts =
    /^\/(?:api|apis\/[^/]+)\/[^/]+\/(?:namespaces\/[^/]+\/)?([^/]+)(?:\/([^/]+))?(?:\/([^/]+))?$/;
  const [, plural, name, subresource] = parts.exec(path) ?? [];
  return {
    ...(plural ? { plural } : {}),
    ...(name ? { name } : {}),
    ...(subresource ? { subresource } : {}),
  };
}

function specOf(object: object = {}): unknown {
  return Reflect.get(object, "spec");
}

/** The collection of an object's path, of its namespace and of the cluster. */
function collectionsOf(path: string): string[] {
  const own = path.slice(0, path.lastIndexOf("/"));
  return [own, own.replace(/\/namespaces\/[^/]+\//, "/")];
}

/** Knows the selectors that the program uses: a name, and labels by key or by key and value. */
function isSelected(query: URLSearchParams, { metadata }: KubeObject): boolean {
  const name = /^metadata\.name=(.*)$/.exec(query.get("fieldSelector") ?? "")?.[1];
  if (name !== undefined && name !== metadata.name) return false;
  const [key = "", value] = (query.get("labelSelector") ?? "").split("=");
  if (key === "") return true;
  const label = metadata.labels?.[key];
  return value === undefined ? label !== undefined : label === value;
}

function memberOf(object: object, key: string): Record<string, unknown> {
  const value: unknown = Reflect.get(object, key);
  return isObject(value) ? value : {};
}

/** A merge patch in which lists of named or typed members are merged as a strategic merge patch does. */
function merged(known: object, patch: object): Record<string, unknown> {
  const result: Record<string, unknown> = Object.fromEntries(Object.entries(known));
  for (const [key, value] of Object.entries(patch)) {
    const before = result[key];
    if (value === null) delete result[key];
    else if (isObject(value) && isObject(before)) result[key] = merged(before, value);
    else if (isList(value) && isList(before)) result[key] = mergedList(before, value);
    else result[key] = value;
  }
  return result;
}

function isList(value: unknown): value is Record<string, unknown>[] {
  return Array.isArray(value) && value.every((member) => isObject(member) && keyOf(member) !== "");
}

function keyOf({ name, type }: Record<string, unknown>): string {
  return String(name ?? type ?? "");
}

function mergedList(
  before: readonly Record<string, unknown>[],
  patch: readonly Record<string, unknown>[],
): Record<string, unknown>[] {
  const result = new Map(before.map((member) => [keyOf(member), member]));
  for (const member of patch) {
    result.set(keyOf(member), merged(result.get(keyOf(member)) ?? {}, member));
  }
  return [...result.values()];
}
