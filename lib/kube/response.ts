import { isObject } from "../api/json.ts";
import type { ApiStatus, JSONValue, RequestOptions, RestClient } from "./contract.ts";
import { ApiError, ConnectionError, type RequestName, ResponseTooLargeError } from "./errors.ts";
import type { KubeRequest } from "./requests.ts";

type ResponseBody = ReadableStream<Uint8Array<ArrayBuffer>>;

/** How a body is read; without `maxBytes` there is no limit. */
interface TextOptions extends RequestName {
  readonly signal: AbortSignal;
  readonly maxBytes?: number | undefined;
}

/** Shorter texts are parsed immediately: their values take little memory. */
const MIN_LARGE_CHARACTERS = 256 * 1024;
const MAX_MESSAGE_CHARACTERS = 200;

/** The error for a response other than 2xx. Reads `body`, which is the response's, to its end. */
export async function apiErrorOf(
  response: Response,
  { body, ...options }: TextOptions & { body: ResponseBody },
): Promise<ApiError> {
  const { method, path } = options;
  const status = statusOf(await responseText(body, options));
  const retryAfterSeconds = retryAfterSecondsOf(response.headers.get("retry-after"));
  return new ApiError({
    method,
    path,
    httpCode: response.status,
    ...(status ? { status } : {}),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}

/**
 * The value of a JSON body.
 *
 * @throws {ConnectionError} if the text is not JSON
 */
export function jsonOf(text: string, request: RequestName): JSONValue {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ConnectionError({ ...request, problem: "the response is not JSON", cause });
  }
}

/**
 * The text of a response's body. Without a stream around the body, which would cost a third of a small request.
 *
 * @throws {ResponseTooLargeError} as soon as the body exceeds `maxBytes`; the rest is not read
 * @throws the signal's reason when it is aborted; fetch alone does not guarantee that (`abortableBody`)
 */
export async function responseText(
  body: ResponseBody,
  { signal, maxBytes = Infinity, ...request }: TextOptions,
): Promise<string> {
  const reader = body.getReader();
  const cancel = () => void reader.cancel(signal.reason).catch(() => {});
  signal.addEventListener("abort", cancel, { once: true });
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  try {
    for (;;) {
      signal.throwIfAborted();
      const { done, value } = await reader.read();
      signal.throwIfAborted();
      if (done) return text + decoder.decode();
      bytes += value.byteLength;
      if (bytes > maxBytes) throw new ResponseTooLargeError({ ...request, maxBytes });
      text += decoder.decode(value, { stream: true });
    }
  } catch (error) {
    reader.cancel(error).catch(() => {});
    throw error;
  } finally {
    signal.removeEventListener("abort", cancel);
  }
}

/**
 * Parses at most one large text per turn of the event loop. The caller has then read the previous value, and dropped
 * most of it, before the next one takes memory.
 */
export class ParseTurns {
  #previous: Promise<void> = Promise.resolve();

  async parse<T>(text: string, parse: (text: string) => T): Promise<T> {
    if (text.length <= MIN_LARGE_CHARACTERS) return parse(text);
    const turn = this.#previous;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#previous = promise;
    await turn;
    try {
      return parse(text);
    } finally {
      setTimeout(resolve);
    }
  }
}

function statusOf(text: string): ApiStatus | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Proxies, and the API server before it has parsed a request, respond in plain text.
    const message = text.trim().slice(0, MAX_MESSAGE_CHARACTERS);
    return message === "" ? undefined : { message };
  }
  return isStatus(value) ? value : undefined;
}

function isStatus(value: unknown): value is ApiStatus {
  return isObject(value) && value.kind === "Status";
}

/** Kubernetes writes Retry-After in seconds; the date form of RFC 9110 is ignored. */
function retryAfterSecondsOf(header: string | null): number | undefined {
  return header !== null && /^\d{1,9}$/.test(header.trim()) ? Number(header) : undefined;
}

export type SendOptions = Pick<
  RequestOptions,
  "abortSignal" | "beforeSend" | "maxResponseBytes" | "timeoutMs"
>;

/**
 * Sends a request and reads its response.
 *
 * @throws the client's error (`ApiError`, `ConnectionError`, `CredentialsError`), the signal's reason after its abort,
 * or a `TypeError` if the response has another form
 */
export async function send<T>(
  client: RestClient,
  request: KubeRequest<T>,
  options: AbortSignal | SendOptions = {},
): Promise<T> {
  const sendOptions = options instanceof AbortSignal ? { abortSignal: options } : options;
  return request.read(await client.performRequest({ ...request.options, ...sendOptions }));
}
