import { isObject } from "../api/json.ts";
import type { ApiStatus, JSONValue } from "./contract.ts";
import { ApiError, ConnectionError, type RequestName } from "./errors.ts";

/** The error that an answer other than 2xx means; `body` is the answer's, and is consumed. */
export async function apiErrorOf(
  response: Response,
  { method, path, body }: RequestName & { body: ReadableStream<Uint8Array<ArrayBuffer>> },
): Promise<ApiError> {
  const status = statusOf(await new Response(body).text());
  const retryAfterSeconds = retryAfter(response.headers.get("retry-after"));
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
 * @throws {ConnectionError} if it is none
 */
export function jsonOf(text: string, request: RequestName): JSONValue {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ConnectionError({ ...request, problem: "the answer is no JSON", cause });
  }
}

function statusOf(text: string): ApiStatus | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Proxies, and the API server before it has parsed a request, answer in plain text.
    const message = text.trim().slice(0, 200);
    return message === "" ? undefined : { message };
  }
  return isStatus(value) ? value : undefined;
}

function isStatus(value: unknown): value is ApiStatus {
  return isObject(value) && value.kind === "Status";
}

/** Seconds of a Retry-After header. Kubernetes writes numbers only; the date form of RFC 9110 is not read. */
function retryAfter(header: string | null): number | undefined {
  return header !== null && /^\d{1,9}$/.test(header.trim()) ? Number(header) : undefined;
}
