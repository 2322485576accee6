/**
 * What the program asks of an API client: the names and shapes of cloudydeno's `kubernetes-client` 0.8, so that another client of that
 * contract can be put in.
 */

export type HttpMethods = "GET" | "POST" | "DELETE" | "PUT" | "PATCH" | "OPTIONS" | "HEAD";

export type JSONPrimitive = string | number | boolean | null | undefined;
export type JSONValue = JSONPrimitive | JSONObject | JSONArray;
export type JSONObject = { [key: string]: JSONValue };
export type JSONArray = JSONValue[];

export interface RequestOptions {
  method: HttpMethods;
  path: string;
  querystring?: URLSearchParams;
  abortSignal?: AbortSignal;
  contentType?: string;
  /** Or any object of a wire type: an interface has no index signature and so is no `JSONObject` to the compiler. */
  bodyJson?: JSONValue | object;
  bodyRaw?: Uint8Array<ArrayBuffer>;
  bodyStream?: ReadableStream<Uint8Array>;
  accept?: string;
  expectTunnel?: string[];
  expectStream?: boolean;
  expectJson?: boolean;
  /**
   * Beyond that contract: called each time right before the request goes out, with nothing awaited in between; when it throws, nothing is
   * sent and the request rejects with that. A client that does not know it sends without asking.
   */
  beforeSend?: () => void;
  /**
   * Beyond that contract, with `expectJson`: a longer answer is not parsed, and the request rejects with an `AnswerTooLong`. A client that does
   * not know it reads on.
   */
  maxAnswerBytes?: number;
}

/** A connection of `exec`, `attach` or `portforward`. */
export interface KubernetesTunnel {
  readonly transportProtocol: "SPDY" | "WebSocket" | "Opaque";
  readonly subProtocol: string;
  close(): Promise<void>;
}

/**
 * Sends one request; the flags choose the form of the answer. An answer other than 2xx rejects with an error that has `httpCode` and, where the
 * API server sent one, `status`.
 */
export interface RestClient {
  performRequest(options: RequestOptions & { expectTunnel: string[] }): Promise<KubernetesTunnel>;
  /** One value for each line of the answer. */
  performRequest(
    options: RequestOptions & { expectStream: true; expectJson: true },
  ): Promise<ReadableStream<JSONValue>>;
  performRequest(
    options: RequestOptions & { expectStream: true },
  ): Promise<ReadableStream<Uint8Array>>;
  performRequest(options: RequestOptions & { expectJson: true }): Promise<JSONValue>;
  performRequest(options: RequestOptions): Promise<Uint8Array>;
  defaultNamespace?: string;
  close?(): void;
  /** Beyond that contract: connections that were made before may be dead, so that requests from now on take new ones. */
  renewConnections?(): void;
}

export interface WatchEventObject<T> {
  type: "ADDED" | "MODIFIED" | "DELETED";
  object: T;
}

export interface WatchEventError<U> {
  type: "ERROR";
  object: U;
}

export interface WatchEventBookmark {
  type: "BOOKMARK";
  object: { metadata: { resourceVersion: string } };
}

export type WatchEvent<T, U> = WatchEventObject<T> | WatchEventError<U> | WatchEventBookmark;

/** meta/v1 Status: what the API server says of a request that failed. */
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

export interface ListOptions {
  abortSignal?: AbortSignal;
  limit?: number;
  continue?: string;
  /** See `RequestOptions.maxAnswerBytes`. */
  maxBytes?: number;
}

export interface WatchOptions {
  abortSignal?: AbortSignal;
  resourceVersion?: string;
  timeoutSeconds?: number;
  allowWatchBookmarks?: boolean;
}

export interface ObjectList<T> {
  metadata: { resourceVersion?: string; continue?: string; remainingItemCount?: number };
  items: T[];
}

/** Reads a list page by page; `pageFunction` is called with the `continue` token of the page before. */
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
