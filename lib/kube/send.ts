import type { RestClient } from "./contract.ts";
import type { KubeRequest } from "./requests.ts";

/**
 * Sends a request and reads its answer.
 *
 * @throws the client's error (`ApiError`, `ConnectionError`), the signal's reason when it is aborted, or a `TypeError` if the answer is not what
 * was asked for
 */
export async function send<T>(
  client: RestClient,
  request: KubeRequest<T>,
  abortSignal?: AbortSignal,
): Promise<T> {
  const options = abortSignal ? { ...request.options, abortSignal } : request.options;
  return request.read(await client.performRequest(options));
}
