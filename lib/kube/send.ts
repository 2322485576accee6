import type { RequestOptions, RestClient } from "./contract.ts";
import type { KubeRequest } from "./requests.ts";

export type SendOptions = Pick<RequestOptions, "abortSignal" | "beforeSend" | "maxResponseBytes">;

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
