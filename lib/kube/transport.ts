import type { Clock } from "../api/clock.ts";
import { abortableBody, jsonLines } from "./body_streams.ts";
import type { JSONValue, RequestOptions, RestClient } from "./contract.ts";
import type { Access, Cluster } from "./credentials.ts";
import { Deadline } from "./deadline.ts";
import { ConnectionError, type RequestName } from "./errors.ts";
import { HttpClients } from "./http_clients.ts";
import { apiErrorOf, jsonOf, ParseTurns, responseText } from "./response.ts";

/** The cluster, and what requests have in common. */
export interface FetchClientOptions {
  cluster: Cluster;
  clock: Clock;
  userAgent: string;
  /** The user to impersonate. */
  impersonate?: string;
  /** Until when a response must be complete; of a stream, until its head. @default 30 s, 5 s for short reads */
  requestTimeoutMs?: number;
  /** Called for each request sent, including the second one after a 401. */
  observe?: (observation: Observation) => void;
}

/** A finished request, for metrics and the API server's clock. */
export interface Observation {
  readonly method: string;
  readonly path: string;
  /** Absent without a response. */
  readonly code?: number;
  /** Until the response's head. */
  readonly durationMs: number;
  /** The response's Date header: the API server's clock, in whole seconds. */
  readonly date?: string;
}

const REQUEST_TIMEOUT_MS = 30_000;
/**
 * Short reads (one object, a page of one object, the head of a watch) call no webhook. A lost response must not delay a
 * controller, or a watch that is opened again, for longer.
 */
const SHORT_READ_TIMEOUT_MS = 5_000;

/**
 * The API client on fetch. A request rejects with
 * - an `ApiError` for a response other than 2xx;
 * - a `ConnectionError` without a response, with a late or an unreadable one;
 * - a `CredentialsError` if the credentials cannot be loaded;
 * - the reason of `abortSignal` once that is aborted.
 *
 * After a 401 it reloads the credentials and sends the request a second time.
 */
export class FetchClient implements RestClient {
  readonly defaultNamespace: string;
  readonly #options: FetchClientOptions;
  readonly #httpClients: HttpClients;
  readonly #parseTurns = new ParseTurns();

  constructor(options: FetchClientOptions) {
    this.#options = options;
    this.#httpClients = new HttpClients(options.cluster.proxy);
    this.defaultNamespace = options.cluster.defaultNamespace;
  }

  close(): void {
    this.#httpClients.close();
  }

  renewConnections(): void {
    this.#httpClients.renew();
  }

  performRequest(
    options: RequestOptions & { expectStream: true; expectJson: true },
  ): Promise<ReadableStream<JSONValue>>;
  performRequest(options: RequestOptions & { expectJson: true }): Promise<JSONValue>;
  performRequest(options: RequestOptions): Promise<Uint8Array>;
  async performRequest(options: RequestOptions): Promise<unknown> {
    const { method, path, abortSignal, timeoutMs = Infinity } = options;
    abortSignal?.throwIfAborted();
    const usualMs = isShortRead(options) ? SHORT_READ_TIMEOUT_MS : REQUEST_TIMEOUT_MS;
    const limitMs = this.#options.requestTimeoutMs ?? usualMs;
    const deadline = new Deadline(Math.min(limitMs, timeoutMs), {
      clock: this.#options.clock,
      ...(abortSignal ? { signal: abortSignal } : {}),
    });
    try {
      return await this.#answer(options, deadline.signal);
    } catch (cause) {
      abortSignal?.throwIfAborted();
      if (deadline.hasPassed) {
        throw new ConnectionError({ method, path, problem: "there was no answer in time", cause });
      }
      // The message of fetch's TypeError is general; its cause has the reason.
      if (!(cause instanceof TypeError)) throw cause;
      const { message } = cause.cause instanceof Error ? cause.cause : cause;
      const problem = problemText(message, this.#options.cluster);
      throw new ConnectionError({ method, path, problem, cause });
    } finally {
      deadline.clear();
    }
  }

  async #answer(options: RequestOptions, signal: AbortSignal): Promise<unknown> {
    const response = await this.#authorized(options, signal);
    const body = response.body ?? new Blob().stream();
    const request = requestName(options);
    if (!response.ok) throw await apiErrorOf(response, { ...request, body, signal });
    if (options.expectStream) return jsonLines(abortableBody(body, signal), options.parseLine);
    if (!options.expectJson) return await new Response(abortableBody(body, signal)).bytes();
    const { maxResponseBytes: maxBytes } = options;
    const text = await responseText(body, { ...request, signal, maxBytes });
    return await this.#parseTurns.parse(text, (text) => jsonOf(text, request));
  }

  /** Sends the request; after a 401 a second time, with reloaded credentials. */
  async #authorized(options: RequestOptions, signal: AbortSignal): Promise<Response> {
    const { credentials } = this.#options.cluster;
    const access = await credentials.current();
    const response = await this.#send(options, { access, signal });
    if (response.status !== 401) return response;
    credentials.reject(access);
    await response.arrayBuffer();
    return await this.#send(options, { access: await credentials.current(), signal });
  }

  async #send(
    options: RequestOptions,
    { access, signal }: { access: Access; signal: AbortSignal },
  ): Promise<Response> {
    const { cluster, clock, observe } = this.#options;
    const query = options.querystring?.size ? `?${options.querystring}` : "";
    const started = clock.monotonic();
    const observed = (answer: Pick<Observation, "code" | "date"> = {}) =>
      observe?.({ ...requestName(options), ...answer, durationMs: clock.monotonic() - started });
    const headers = this.#headers(options, access);
    const client = this.#httpClients.for(access.tls);
    options.beforeSend?.();
    try {
      const response = await fetch(`${cluster.server}${options.path}${query}`, {
        method: options.method,
        headers,
        body: bodyOf(options),
        signal,
        client,
        // A redirect would send the credentials to another server.
        redirect: "manual",
      });
      const date = response.headers.get("date");
      observed({ code: response.status, ...(date === null ? {} : { date }) });
      return response;
    } catch (error) {
      observed();
      // A pooled connection without a peer never answers, and would be reused.
      if (signal.aborted) this.#httpClients.renew();
      throw error;
    }
  }

  #headers(options: RequestOptions, access: Access): Record<string, string> {
    const contentType = options.contentType ??
      (options.bodyJson === undefined ? undefined : "application/json");
    const { impersonate } = this.#options;
    return {
      "accept": "application/json",
      "user-agent": this.#options.userAgent,
      ...(contentType === undefined ? {} : { "content-type": contentType }),
      ...(access.authorization === undefined ? {} : { "authorization": access.authorization }),
      ...(impersonate === undefined ? {} : { "impersonate-user": impersonate }),
      // kube-apiserver may send a watch as several gzip members; Deno's decoder ends the stream after the first.
      ...(options.expectStream ? { "accept-encoding": "identity" } : {}),
    };
  }
}

/** The problem without the request's URL; names the server if there was no connection to it. */
function problemText(message: string, { server }: Cluster): string {
  const [, rest] = /^error sending request for url \(.*?\): (?:client error \(Connect\): )?(.*)$/s
    .exec(message) ?? [];
  return rest === undefined ? message : `no answer from ${server}: ${rest}`;
}

/** A string, which fetch can send again on another connection if the pooled one is closed. */
function bodyOf({ bodyJson }: RequestOptions): string | null {
  return bodyJson === undefined ? null : JSON.stringify(bodyJson);
}

function requestName({ method, path }: RequestOptions): RequestName {
  return { method, path };
}

/** Whether a request reads one object at most, or opens a watch; lists are paged. */
function isShortRead({ method, expectStream, querystring }: RequestOptions): boolean {
  if (method !== "GET") return false;
  const limit = querystring?.get("limit") ?? null;
  return expectStream === true || limit === null || limit === "1";
}
