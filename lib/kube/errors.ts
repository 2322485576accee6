import { isObject } from "../api/json.ts";
import type { ApiStatus } from "./contract.ts";

export interface ApiErrorOptions {
  method: string;
  path: string;
  httpCode: number;
  /** What the API server said, where it sent a Status. */
  status?: ApiStatus;
  /** Of the Retry-After header. */
  retryAfterSeconds?: number;
}

/** An answer of the API server other than 2xx. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly method: string;
  readonly path: string;
  readonly httpCode: number;
  readonly status: ApiStatus | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(options: ApiErrorOptions) {
    const { method, path, httpCode, status } = options;
    const said = status?.message ?? status?.reason ?? "without an explanation";
    super(`Cannot ${method} ${path}: the API server answered ${httpCode}: ${said}`);
    this.method = method;
    this.path = path;
    this.httpCode = httpCode;
    this.status = status;
    this.retryAfterSeconds = options.retryAfterSeconds ?? status?.details?.retryAfterSeconds;
  }

  /** The Status' reason, such as `AlreadyExists`; empty where there is none. */
  get reason(): string {
    return this.status?.reason ?? "";
  }
}

/** The credentials cannot be had that a kubeconfig or the Pod around the program names: nothing was sent. */
export class CredentialsError extends Error {
  override readonly name = "CredentialsError";
}

export interface ConnectionErrorOptions {
  method: string;
  path: string;
  /** What went wrong, as the end of a sentence. */
  problem: string;
  cause?: unknown;
}

/** No answer, or one that broke off or made no sense; the request may or may not have taken effect. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
  readonly method: string;
  readonly path: string;

  constructor(options: ConnectionErrorOptions) {
    super(`Cannot ${options.method} ${options.path}: ${options.problem}`, { cause: options.cause });
    this.method = options.method;
    this.path = options.path;
  }
}

export interface RequestName {
  readonly method: string;
  readonly path: string;
}

/** An answer that is longer than the request's `maxResponseBytes`. It was not read to its end. */
export class ResponseTooLargeError extends Error {
  override readonly name = "ResponseTooLargeError";

  constructor({ method, path, maxBytes }: RequestName & { readonly maxBytes: number }) {
    super(`Cannot ${method} ${path}: the answer is longer than ${maxBytes} bytes`);
  }
}

/** The HTTP status that an error of any client of the contract carries. */
export function httpCodeOf(error: unknown): number | undefined {
  return isObject(error) && typeof error.httpCode === "number" ? error.httpCode : undefined;
}

/** The reason in the Status that an error of any client of the contract carries. */
export function reasonOf(error: unknown): string | undefined {
  if (!isObject(error) || !isObject(error.status)) return undefined;
  return typeof error.status.reason === "string" ? error.status.reason : undefined;
}

/** The message in the Status that an error of any client of the contract carries; empty where there is none. */
function statusMessageOf(error: unknown): string {
  if (!isObject(error) || !isObject(error.status)) return "";
  return typeof error.status.message === "string" ? error.status.message : "";
}

/** How long the API server asks to wait before the next try, if it does. */
export function retryAfterSecondsOf(error: unknown): number | undefined {
  if (!isObject(error)) return undefined;
  if (typeof error.retryAfterSeconds === "number") return error.retryAfterSeconds;
  const details = isObject(error.status) ? error.status.details : undefined;
  const seconds = isObject(details) ? details.retryAfterSeconds : undefined;
  return typeof seconds === "number" ? seconds : undefined;
}

export function isForbidden(error: unknown): boolean {
  return httpCodeOf(error) === 403;
}

export function isNotFound(error: unknown): boolean {
  return httpCodeOf(error) === 404 && !isDenied(error);
}

/** The object changed since it was read, or a precondition does not hold. */
export function isConflict(error: unknown): boolean {
  return httpCodeOf(error) === 409 && !isAlreadyExists(error) && !isDenied(error);
}

export function isAlreadyExists(error: unknown): boolean {
  return httpCodeOf(error) === 409 && reasonOf(error) === "AlreadyExists" && !isDenied(error);
}

/** The resourceVersion or continue token is too old: list anew. */
export function isGone(error: unknown): boolean {
  return httpCodeOf(error) === 410;
}

/** Overload, or an eviction that a PodDisruptionBudget does not allow now. */
export function isTooManyRequests(error: unknown): boolean {
  return httpCodeOf(error) === 429 && !isDenied(error);
}

/**
 * An admission webhook or policy denied the request, with whatever status code it chose, 404, 409, 429 and 500
 * included: that is about the object as it is, and none of what these codes mean otherwise. Source: apiserver `pkg/admission/plugin/webhook/errors` and
 * `pkg/admission/plugin/policy/validating`, whose message is all that tells.
 */
export function isDenied(error: unknown): boolean {
  return /\bdenied (the )?request\b/.test(statusMessageOf(error));
}

/** The API server could not ask an admission webhook; it answers 500 for the objects of that webhook alone. */
export function isWebhookFailure(error: unknown): boolean {
  return httpCodeOf(error) === 500 && statusMessageOf(error).includes("failed calling webhook");
}

/** A PodDisruptionBudget, or more than one of them, does not allow an eviction now. */
export function isBudgetRefusal(error: unknown): boolean {
  if (/more than one PodDisruptionBudget|disruption budget/.test(statusMessageOf(error))) {
    return true;
  }
  if (!isTooManyRequests(error) || !isObject(error) || !isObject(error.status)) return false;
  const causes = isObject(error.status.details) ? error.status.details.causes : undefined;
  return Array.isArray(causes) && causes.some((cause) => cause?.reason === "DisruptionBudget");
}

/**
 * A fault of the API server, or of the way to it: overload, an error of its own, no answer, credentials that are not
 * to be had or taken. It says nothing about the object of the request, and ends for all objects at once.
 */
export function isServerFault(error: unknown): boolean {
  if (error instanceof ConnectionError || error instanceof CredentialsError) return true;
  const code = httpCodeOf(error) ?? 0;
  const isFault = code >= 500 || code === 429 || code === 408 || code === 401;
  return isFault && !isDenied(error) && !isWebhookFailure(error) && !isBudgetRefusal(error);
}

/** The same request may succeed later: overload, a fault of the server, or no answer at all. */
export function isRetryable(error: unknown): boolean {
  const code = httpCodeOf(error);
  if (code === undefined) return error instanceof ConnectionError;
  return code === 408 || code === 429 || code >= 500;
}

/** What a request answers; undefined where the API server has no such object. */
export async function orUndefined<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
