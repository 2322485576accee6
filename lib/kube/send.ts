import type { RequestOptions, RestClient } from "./contract.ts";
import type { KubeRequest } from "./requests.ts";

export type SendOptions = Pick<RequestOptions, "abortSignal" | "beforeSend" | "maxResponseBytes">;

/**
 * Sends a request and reads its answer.
 *
 * @throws the client's error (`ApiError`, `ConnectionError`), the signal's reason when it is aborted, or a `TypeError` if the answer is not what
 * was asked for
 */
export async function send<T>(
  client: RestClient,
  request: KubeRequest<T>,
  options: AbortSignal | SendOptions = {},
): Promise<T> {
  const own = options instanceof AbortSignal ? { abortSignal: options } : options;
  return request.read(await client.performRequest({ ...request.options, ...own }));
}
