import { ApiError } from "../../lib/kube/errors.ts";
import { testedExecutable } from "./launcher.ts";

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

/** The first version of Deno in which `HttpServer.shutdown` answers the requests that reach it on open connections. */
const DRAINING_DENO = { major: 2, minor: 8 };
/** The API server's words for a review without an answer, and for one whose connection ended first. */
const UNANSWERED = /: context deadline exceeded|: EOF$/;

/**
 * Refusals while listeners shut down that the program answers for: all, unless an executable with an older runtime is
 * tested. Its `shutdown` stops to read requests before clients have received GOAWAY: some are never answered, or their
 * connections end first.
 */
export async function ownRefusals(refusals: readonly string[]): Promise<readonly string[]> {
  if (await drainsConnections()) return refusals;
  const own = refusals.filter((text) => !UNANSWERED.test(text));
  console.log(`${refusals.length - own.length} reviews lost by the runtime`);
  return own;
}

async function drainsConnections(): Promise<boolean> {
  const executable = testedExecutable();
  if (executable === undefined) return true;
  const args = ["version", "-o", "json"];
  const { stdout } = await new Deno.Command(executable, { args, clearEnv: true }).output();
  const [, version = ""] = /"deno": ?"([\d.]+)"/.exec(new TextDecoder().decode(stdout)) ?? [];
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > DRAINING_DENO.major ||
    (major === DRAINING_DENO.major && minor >= DRAINING_DENO.minor);
}
