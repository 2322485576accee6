import type { Clock } from "../api/clock.ts";
import type { KubeObject } from "../api/objects.ts";
import type { ListOptions, ObjectList, RestClient, WatchOptions } from "./contract.ts";
import { Deadline } from "./deadline.ts";
import { ResponseTooLargeError } from "./errors.ts";
import { list, type Selection, watch } from "./requests.ts";
import type { Resource } from "./resources.ts";
import { send } from "./response.ts";

/** The source of a reflector's objects. */
export interface ListWatch<T> {
  list(options: ListOptions): Promise<ObjectList<T>>;
  /** A stream of watch events. */
  watch(options: WatchOptions): Promise<ReadableStream<unknown>>;
  /** Reads the object of a watch event; may throw. */
  read(value: unknown): T;
}

interface ListWatchOptions<T extends KubeObject> {
  resource: Resource<T>;
  /** @default all objects of the cluster */
  selection?: Selection;
  /** Parses a watch event. @default JSON.parse */
  parseEvent?: (text: string) => unknown;
}

/** The objects of one kind, through any client of the contract. */
export function listWatch<T extends KubeObject>(
  client: RestClient,
  { resource, selection = {}, parseEvent }: ListWatchOptions<T>,
): ListWatch<T> {
  return {
    list: ({ abortSignal, maxBytes, ...page }) =>
      send(client, list(resource, { ...selection, ...page }), {
        ...(abortSignal ? { abortSignal } : {}),
        ...(maxBytes === undefined ? {} : { maxResponseBytes: maxBytes }),
      }),
    watch: ({ abortSignal, ...from }) =>
      client.performRequest({
        ...watch(resource, { ...selection, ...from }),
        ...(parseEvent ? { parseLine: parseEvent } : {}),
        ...(abortSignal ? { abortSignal } : {}),
      }),
    read: resource.read,
  };
}

interface ListPagesOptions<T extends KubeObject> {
  readonly source: Pick<ListWatch<T>, "list">;
  readonly clock: Clock;
  /** Objects per page. */
  readonly pageSize: number;
  readonly deadlineMs: number;
}

/** One page of a list, with the list's resourceVersion. */
interface Page<T> {
  readonly items: T[];
  readonly version: string;
  /** The `continue` token; absent on the last page. */
  readonly token?: string;
}

/**
 * Longer pages are not parsed: an object of many small values takes up to 21 times its text. A page of one object has
 * no limit, because it cannot be shorter; etcd stores at most 1.5 MiB of it.
 */
const MAX_PAGE_BYTES = 4 * 1024 * 1024;
const SHRINK_FACTOR = 4;
const GROWTH_FACTOR = 2;

/** Reads a list page by page. A page that is too long is requested again with fewer objects; later pages grow again. */
export class ListPages<T extends KubeObject> {
  readonly #options: ListPagesOptions<T>;
  #limit: number;

  constructor(options: ListPagesOptions<T>) {
    this.#options = options;
    this.#limit = options.pageSize;
  }

  /**
   * Reads one page.
   *
   * @param token The `continue` token of the page before
   * @throws the client's error, or a `SyntaxError` if the page has no resourceVersion
   */
  async page(token: string | undefined, signal: AbortSignal): Promise<Page<T>> {
    const { items, metadata } = await this.#withDeadline(
      signal,
      (abortSignal) =>
        this.#list({ abortSignal, ...(token === undefined ? {} : { continue: token }) }),
    );
    return {
      items,
      version: versionOf(metadata),
      ...(metadata.continue ? { token: metadata.continue } : {}),
    };
  }

  /**
   * The store's current resourceVersion: a list of one object is read from the store, not from the API server's cache.
   */
  async storeVersion(signal: AbortSignal): Promise<string> {
    const { source } = this.#options;
    const { metadata } = await this.#withDeadline(
      signal,
      (abortSignal) => source.list({ abortSignal, limit: 1 }),
    );
    return versionOf(metadata);
  }

  async #list(options: Pick<ListOptions, "abortSignal" | "continue">): Promise<ObjectList<T>> {
    const { source, pageSize } = this.#options;
    for (;;) {
      const limit = this.#limit;
      try {
        const page = await source.list({
          ...options,
          limit,
          ...(limit > 1 ? { maxBytes: MAX_PAGE_BYTES } : {}),
        });
        this.#limit = Math.min(pageSize, limit * GROWTH_FACTOR);
        return page;
      } catch (error) {
        if (!(error instanceof ResponseTooLargeError)) throw error;
        this.#limit = Math.max(1, Math.floor(limit / SHRINK_FACTOR));
      }
    }
  }

  async #withDeadline<R>(signal: AbortSignal, read: (signal: AbortSignal) => Promise<R>) {
    const { clock, deadlineMs } = this.#options;
    const deadline = new Deadline(deadlineMs, { clock, signal });
    try {
      return await read(deadline.signal);
    } finally {
      deadline.clear();
    }
  }
}

function versionOf({ resourceVersion }: ObjectList<unknown>["metadata"]): string {
  if (!resourceVersion) throw new SyntaxError("a list has no resourceVersion");
  return resourceVersion;
}
