import { isObject } from "../../lib/api/json.ts";
import type { JSONValue, RequestOptions, RestClient } from "../../lib/kube/contract.ts";
import { ApiError } from "../../lib/kube/errors.ts";

export interface Recorded {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly query?: URLSearchParams;
}

/** Answers a request with a value, or with an HTTP status and the API server's message. */
export type Respond = (
  request: Recorded,
) => object | { httpCode: number; status?: object } | Promise<object>;

/** The answer to an eviction that a PodDisruptionBudget does not allow. */
export const BUDGET_REFUSAL = {
  httpCode: 429,
  status: { message: "Cannot evict pod as it would violate the pod's disruption budget." },
};

/** An API client that records its requests; by default it answers a write with the written object. */
export class RecordingClient implements RestClient {
  readonly requests: Recorded[] = [];
  readonly #respond: Respond;

  constructor(respond: Respond = ({ body }) => ({ metadata: {}, ...Object(body) })) {
    this.#respond = respond;
  }

  performRequest(
    options: RequestOptions & { expectStream: true; expectJson: true },
  ): Promise<ReadableStream<JSONValue>>;
  performRequest(options: RequestOptions & { expectJson: true }): Promise<JSONValue>;
  performRequest(options: RequestOptions): Promise<Uint8Array>;
  async performRequest(options: RequestOptions): Promise<unknown> {
    const { method, path, querystring } = options;
    const request = {
      method,
      path,
      body: options.bodyJson,
      ...(querystring ? { query: querystring } : {}),
    };
    this.requests.push(request);
    const answer = await Promise.race([this.#respond(request), aborted(options.abortSignal)]);
    if ("httpCode" in answer && typeof answer.httpCode === "number") {
      const status = "status" in answer && isObject(answer.status) ? { status: answer.status } : {};
      throw new ApiError({ method, path, httpCode: answer.httpCode, ...status });
    }
    return answer;
  }
}

/** Rejects when the request is abandoned, as a client does that waits for an answer. */
function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
