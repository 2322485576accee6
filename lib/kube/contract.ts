/**
 * The part of an API client that the program uses. Names and shapes are those of cloudydeno's `kubernetes-client` 0.8,
 * so that a client of that contract fits.
 */

type HttpMethods = "GET" | "POST" | "DELETE" | "PUT" | "PATCH" | "OPTIONS" | "HEAD";

type JSONPrimitive = string | number | boolean | null | undefined;
export type JSONValue = JSONPrimitive | { [key: string]: JSONValue } | JSONValue[];

/** One HTTP request to the API server. */
export interface RequestOptions {
  method: HttpMethods;
  path: string;
  querystring?: URLSearchParams;
  abortSignal?: AbortSignal;
  contentType?: string;
  /** `object` admits wire types: an interface has no index signature, so it is no `JSONValue` to the compiler. */
  bodyJson?: JSONValue | object;
  expectStream?: boolean;
  expectJson?: boolean;
  /**
   * Extension of the contract: called synchronously before the request is sent. If it throws, nothing is sent and the
   * request rejects with that error. Other clients ignore it.
   */
  beforeSend?: () => void;
  /**
   * Extension of the contract: milliseconds until the response must be complete, where the client's own limit is later.
   * Other clients ignore it.
   */
  timeoutMs?: number;
  /**
   * Extension of the contract, with `expectJson`: a longer response is not parsed, and the request rejects with a
   * `ResponseTooLargeError`. Other clients ignore it.
   */
  maxResponseBytes?: number;
  /**
   * Extension of the contract, with `expectStream`: instead of `JSON.parse`, with the same value as the result. Other
   * clients ignore it.
   */
  parseLine?: (line: string) => unknown;
}

/**
 * Sends one request; the flags choose the form of the result. A response other than 2xx rejects with an error that has
 * `httpCode` and, where the API server sent a Status, `status`.
 */
export interface RestClient {
  /** One value per line of the response. */
  performRequest(
    options: RequestOptions & { expectStream: true; expectJson: true },
  ): Promise<ReadableStream<JSONValue>>;
  performRequest(options: RequestOptions & { expectJson: true }): Promise<JSONValue>;
  performRequest(options: RequestOptions): Promise<Uint8Array>;
  defaultNamespace?: string;
  close?(): void;
  /** Extension of the contract: later requests use new connections, because existing ones may be dead. */
  renewConnections?(): void;
}

/** meta/v1 Status of a failed request. */
export interface ApiStatus {
  kind?: string;
  status?: string;
  code?: number;
  reason?: string;
  message?: string;
  details?: {
    name?: string;
    kind?: string;
    retryAfterSeconds?: number;
    causes?: { reason?: string; message?: string; field?: string }[];
  };
}

/** Parameters of a list page: `limit` is its maximum number of items, `continue` the token of the page before. */
export interface ListOptions {
  abortSignal?: AbortSignal;
  limit?: number;
  continue?: string;
  /** See `RequestOptions.maxResponseBytes`. */
  maxBytes?: number;
}

/** Parameters of a watch: events after `resourceVersion`, until `timeoutSeconds`. */
export interface WatchOptions {
  abortSignal?: AbortSignal;
  resourceVersion?: string;
  timeoutSeconds?: number;
  allowWatchBookmarks?: boolean;
  /** Whether the watch begins with all objects and a bookmark after the last one (WatchList). */
  sendInitialEvents?: boolean;
}

/** One page of a list, with the token of the next one; the last page has none. */
export interface ObjectList<T> {
  metadata: { resourceVersion?: string; continue?: string; remainingItemCount?: number };
  items: T[];
}

/**
 * Reads a list page by page.
 *
 * @param pageFunction Reads one page; its argument is the `continue` token of the page before
 */
export async function* readAllItems<T>(
  pageFunction: (token?: string) => Promise<ObjectList<T>>,
): AsyncGenerator<T> {
  let token: string | undefined;
  do {
    const page = await pageFunction(token);
    yield* page.items;
    token = page.metadata.continue;
  } while (token);
}
