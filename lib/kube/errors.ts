import { isObject } from "../api/json.ts";
import type { ApiStatus } from "./contract.ts";

interface ApiErrorOptions {
  method: string;
  path: string;
  httpCode: number;
  /** The response's Status, if it has one. */
  status?: ApiStatus;
  /** Value of the Retry-After header. */
  retryAfterSeconds?: number;
}

/** A response of the API server other than 2xx. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly method: string;
  readonly path: string;
  readonly httpCode: number;
  readonly status: ApiStatus | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(options: ApiErrorOptions) {
    const { method, path, httpCode, status } = options;
    const text = status?.message ?? status?.reason ?? "without an explanation";
    super(`Cannot ${method} ${path}: the API server answered ${httpCode}: ${text}`);
    this.method = method;
    this.path = path;
    this.httpCode = httpCode;
    this.status = status;
    this.retryAfterSeconds = options.retryAfterSeconds ?? status?.details?.retryAfterSeconds;
  }

  /** The Status' reason, such as `AlreadyExists`; empty without one. */
  get reason(): string {
    return this.status?.reason ?? "";
  }
}

/** The credentials of a kubeconfig or ServiceAccount cannot be loaded. No request was sent. */
export class CredentialsError extends Error {
  override readonly name = "CredentialsError";
}

interface ConnectionErrorOptions {
  method: string;
  path: string;
  /** The problem, as the second half of a sentence. */
  problem: string;
  cause?: unknown;
}

/** No response, an incomplete or an unreadable one. The request may have taken effect. */
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

/** Method and path, as error messages name a request. */
export interface RequestName {
  readonly method: string;
  readonly path: string;
}

/** The response is longer than the request's `maxResponseBytes`. It was not read to its end. */
export class ResponseTooLargeError extends Error {
  override readonly name = "ResponseTooLargeError";

  constructor({ method, path, maxBytes }: RequestName & { readonly maxBytes: number }) {
    super(`Cannot ${method} ${path}: the answer is longer than ${maxBytes} bytes`);
  }
}

/** The HTTP status of an error of any client of the contract. */
export function httpCodeOf(error: unknown): number | undefined {
  return isObject(error) && typeof error.httpCode === "number" ? error.httpCode : undefined;
}

/** The Status' reason of an error of any client of the contract. */
export function reasonOf(error: unknown): string | undefined {
  if (!isObject(error) || !isObject(error.status)) return undefined;
  return typeof error.status.reason === "string" ? error.status.reason : undefined;
}

/** The Status' message of an error of any client of the contract; empty without one. */
function statusMessageOf(error: unknown): string {
  if (!isObject(error) || !isObject(error.status)) return "";
  return typeof error.status.message === "string" ? error.status.message : "";
}

/** The delay that the API server requests before the next attempt; from the header, else from the Status. */
export function retryAfterSecondsOf(error: unknown): number | undefined {
  if (!isObject(error)) return undefined;
  if (typeof error.retryAfterSeconds === "number") return error.retryAfterSeconds;
  const details = isObject(error.status) ? error.status.details : undefined;
  const seconds = isObject(details) ? details.retryAfterSeconds : undefined;
  return typeof seconds === "number" ? seconds : undefined;
}

/** 403: a right is missing, or admission control forbids the request. */
export function isForbidden(error: unknown): boolean {
  return httpCodeOf(error) === 403;
}

/** The object, or the kind, does not exist. */
export function isNotFound(error: unknown): boolean {
  return httpCodeOf(error) === 404 && !isDenied(error);
}

/** The object has changed since it was read, or a precondition does not hold. */
export function isConflict(error: unknown): boolean {
  return httpCodeOf(error) === 409 && !isAlreadyExists(error) && !isDenied(error);
}

/** An object of this name exists. */
export function isAlreadyExists(error: unknown): boolean {
  return httpCodeOf(error) === 409 && reasonOf(error) === "AlreadyExists" && !isDenied(error);
}

/** Overload, or an eviction that a PodDisruptionBudget does not allow at present. */
export function isTooManyRequests(error: unknown): boolean {
  return httpCodeOf(error) === 429 && !isDenied(error);
}

/**
 * An admission webhook or policy denied the request. Its status code is the webhook's choice (404, 409, 429 and 500
 * occur) and then lacks its usual meaning. Only the message identifies a denial: apiserver
 * `pkg/admission/plugin/webhook/errors`, `pkg/admission/plugin/policy/validating`.
 */
export function isDenied(error: unknown): boolean {
  return /\bdenied (the )?request\b/.test(statusMessageOf(error));
}

/** The API server could not call an admission webhook. Its 500 concerns only the objects of that webhook. */
export function isWebhookFailure(error: unknown): boolean {
  return httpCodeOf(error) === 500 && statusMessageOf(error).includes("failed calling webhook");
}

/**
 * The failure of the conversion webhook of a CustomResourceDefinition; undefined for any other error. Its code is 500,
 * or 429 while the failure keeps the watch cache from its first list. Only the message identifies it:
 * apiextensions-apiserver `pkg/apiserver/conversion/webhook_converter.go`.
 */
export function conversionFailureOf(error: unknown): string | undefined {
  return /conversion webhook for .*/s.exec(statusMessageOf(error))?.[0];
}

/**
 * The API server's answer to a resize that it refuses whenever it is asked: the Pod's new spec is invalid, or its
 * node can never run it; undefined for any other error, such as an exceeded quota. Only the message identifies the
 * second: `plugin/pkg/admission/podresize`, since Kubernetes 1.36; before, the kubelet reports `Infeasible`.
 */
export function infeasibleResizeOf(error: unknown): string | undefined {
  const message = statusMessageOf(error);
  const isNodes = isForbidden(error) &&
    /enough allocatable resources|resize is only supported on/i.test(message);
  return !isDenied(error) && (isNodes || httpCodeOf(error) === 422) ? message : undefined;
}

/** A PodDisruptionBudget does not allow the eviction at present, or several cover the Pod. */
export function isBudgetRefusal(error: unknown): boolean {
  if (/more than one PodDisruptionBudget|disruption budget/.test(statusMessageOf(error))) {
    return true;
  }
  if (!isTooManyRequests(error) || !isObject(error) || !isObject(error.status)) return false;
  const causes = isObject(error.status.details) ? error.status.details.causes : undefined;
  return Array.isArray(causes) && causes.some((cause) => cause?.reason === "DisruptionBudget");
}

/**
 * A fault of the API server or of the connection to it: overload, an internal error, no response, credentials that
 * cannot be loaded or are not accepted. It does not concern the object of the request, and ends for all objects at the
 * same time.
 */
export function isServerFault(error: unknown): boolean {
  if (error instanceof ConnectionError || error instanceof CredentialsError) return true;
  const code = httpCodeOf(error) ?? 0;
  const isFault = code >= 500 || code === 429 || code === 408 || code === 401;
  return isFault && !isDenied(error) && !isWebhookFailure(error) && !isBudgetRefusal(error);
}

/** The same request may succeed later: overload, a server fault or no response. */
export function isRetryable(error: unknown): boolean {
  const code = httpCodeOf(error);
  if (code === undefined) return error instanceof ConnectionError;
  return code === 408 || code === 429 || code >= 500;
}

/** The result of a request; undefined if the object does not exist. Other errors reject. */
export function orUndefined<T>(answer: Promise<T>): Promise<T | undefined> {
  return undefinedIf(isNotFound, answer);
}

/** The result of a request; undefined if it is forbidden. Other errors reject. */
export function ifAllowed<T>(answer: Promise<T>): Promise<T | undefined> {
  return undefinedIf(isForbidden, answer);
}

async function undefinedIf<T>(
  isExpected: (error: unknown) => boolean,
  answer: Promise<T>,
): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isExpected(error)) return undefined;
    throw error;
  }
}
