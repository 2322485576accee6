import type { Clock } from "../api/clock.ts";
import { abortableBody } from "./abortable_body.ts";
import { apiErrorOf, jsonOf } from "./answer.ts";
import { answerText } from "./answer_text.ts";
import type { JSONValue, KubernetesTunnel, RequestOptions, RestClient } from "./contract.ts";
import type { Access, Cluster } from "./credentials.ts";
import { Deadline } from "./deadline.ts";
import { ConnectionError } from "./errors.ts";
import { HttpClients } from "./http_clients.ts";
import { jsonLines } from "./json_lines.ts";
import { ParseTurns } from "./parse_turns.ts";

export interface FetchClientOptions {
  cluster: Cluster;
  clock: Clock;
  userAgent: string;
  /** Another user as whom to act, if the API server lets this one. */
  impersonate?: string;
  /** Milliseconds until an answer must be complete; of a stream, until it must have begun. @default {30_000} */
  requestTimeout?: number;
  /** Told of each request sent, the repeated one after a 401 included. */
  observe?: (observation: Observation) => void;
}

export interface Observation {
  readonly method: string;
  readonly path: string;
  /** Absent where there was no answer. */
  readonly code?: number;
  /** Milliseconds until the answer's head. */
  readonly duration: number;
  /** When the answer was made, by the API server's clock, as HTTP writes it. */
  readonly date?: string;
}

const REQUEST_TIMEOUT = 30_000;
/** Reading one object takes no webhook and no long answer: a controller must not wait longer for a lost one. */
const OBJECT_READ_TIMEOUT = 5_000;

/**
 * The API client on fetch. Rejects with an `ApiError` for an answer other than 2xx, with a `ConnectionError` where there is no answer (in time) or
 * no sense in it, and with the signal's reason when that is aborted. A 401 makes it renew its credentials and try once more.
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

  performRequest(options: RequestOptions & { expectTunnel: string[] }): Promise<KubernetesTunnel>;
  performRequest(
    options: RequestOptions & { expectStream: true; expectJson: true },
  ): Promise<ReadableStream<JSONValue>>;
  performRequest(
    options: RequestOptions & { expectStream: true },
  ): Promise<ReadableStream<Uint8Array>>;
  performRequest(options: RequestOptions & { expectJson: true }): Promise<JSONValue>;
  performRequest(options: RequestOptions): Promise<Uint8Array>;
  async performRequest(options: RequestOptions): Promise<unknown> {
    const { method, path, abortSignal } = options;
    if (options.expectTunnel) {
      throw new TypeError(`Cannot ${method} ${path} as a tunnel: this client has only requests`);
    }
    abortSignal?.throwIfAborted();
    const timeout = isObjectRead(options) ? OBJECT_READ_TIMEOUT : REQUEST_TIMEOUT;
    const deadline = new Deadline(this.#options.requestTimeout ?? timeout, {
      clock: this.#options.clock,
      ...(abortSignal ? { signal: abortSignal } : {}),
    });
    try {
      return await this.#answer(options, deadline.signal);
    } catch (cause) {
      abortSignal?.throwIfAborted();
      if (deadline.passed) {
        throw new ConnectionError({ method, path, problem: "there was no answer in time", cause });
      }
      // What fetch throws says "fetch failed"; why is in its cause.
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
    const body = abortableBody(response.body ?? new Blob().stream(), signal);
    if (!response.ok) throw await apiErrorOf(response, { ...requestName(options), body });
    if (options.expectStream) return options.expectJson ? jsonLines(body) : body;
    if (!options.expectJson) return await new Response(body).bytes();
    const request = requestName(options);
    const text = await answerText(body, { ...request, maxBytes: options.maxAnswerBytes });
    return await this.#parseTurns.parse(text, (text) => jsonOf(text, request));
  }

  /** Sends the request; a second time, after a 401, with credentials looked up anew. */
  async #authorized(options: RequestOptions, signal: AbortSignal): Promise<Response> {
    const { credentials } = this.#options.cluster;
    const access = await credentials.current();
    const response = await this.#send(options, { access, signal });
    if (response.status !== 401) return response;
    credentials.reject(access);
    // A stream that was sent once is gone.
    if (options.bodyStream) return response;
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
      observe?.({ ...requestName(options), ...answer, duration: clock.monotonic() - started });
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
        // To follow one would hand the credentials to wherever it leads.
        redirect: "manual",
      });
      const date = response.headers.get("date");
      observed({ code: response.status, ...(date === null ? {} : { date }) });
      return response;
    } catch (error) {
      observed();
      // A pooled connection whose peer is gone answers nothing, and would be taken again and again.
      if (signal.aborted) this.#httpClients.renew();
      throw error;
    }
  }

  #headers(options: RequestOptions, access: Access): Headers {
    const headers = new Headers({
      "accept": options.accept ?? "application/json",
      "user-agent": this.#options.userAgent,
    });
    const contentType = options.contentType ??
      (options.bodyJson === undefined ? undefined : "application/json");
    if (contentType !== undefined) headers.set("content-type", contentType);
    if (access.authorization !== undefined) headers.set("authorization", access.authorization);
    const { impersonate } = this.#options;
    if (impersonate !== undefined) headers.set("impersonate-user", impersonate);
    // kube-apiserver may compress a watch in several gzip members, of which Deno's decoder reads the first and ends the stream.
    if (options.expectStream) headers.set("accept-encoding", "identity");
    return headers;
  }
}

/** What went wrong, with the server where there was no connection to it, and without the address of each request. */
function problemText(message: string, { server }: Cluster): string {
  const [, rest] = /^error sending request for url \(.*?\): (?:client error \(Connect\): )?(.*)$/s
    .exec(message) ?? [];
  return rest === undefined ? message : `no answer from ${server}: ${rest}`;
}

/** A string where it can be, so that fetch can send it again on a fresh connection if a pooled one turns out to be closed. */
function bodyOf(options: RequestOptions): BodyInit | null {
  if (options.bodyJson !== undefined) return JSON.stringify(options.bodyJson);
  return options.bodyRaw ?? options.bodyStream ?? null;
}

function requestName({ method, path }: RequestOptions) {
  return { method, path };
}

/** Whether a request reads one object; lists are paged. */
function isObjectRead({ method, expectStream, querystring }: RequestOptions): boolean {
  return method === "GET" && expectStream !== true && querystring?.has("limit") !== true;
}
