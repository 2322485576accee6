import { ApiError } from "../../lib/kube/errors.ts";

/** One cause of a refusal, as the API server names it. */
export interface Cause {
  readonly field?: string;
  readonly message?: string;
}

/**
 * The causes for which the API server refuses a request with 422.
 *
 * @throws {Error} if it does not refuse it, or in another way
 */
export async function causesOf(request: Promise<unknown>): Promise<readonly Cause[]> {
  const error = await request.then(
    () => new Error("Cannot see a refusal: the request was accepted"),
    (error: unknown) => error,
  );
  if (!(error instanceof ApiError) || error.httpCode !== 422) throw error;
  return error.status?.details?.causes ?? [];
}
