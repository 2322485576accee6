import type { AdmissionDecision, AdmissionRequest, Status } from "../api/admission.ts";

/**
 * Decides about one admission request. An exception is a bug and gives 500.
 *
 * @param detail The rest of the request's path after the path of the review function; usually empty
 */
export type Review = (
  request: AdmissionRequest,
  detail?: string,
) => AdmissionDecision | Promise<AdmissionDecision>;

/** HTTP status of a call without a decision. */
type FailureCode = 400 | 500 | 503 | 504;

const FAILURE_REASONS: Readonly<Record<FailureCode, string>> = {
  400: "BadRequest",
  500: "InternalError",
  503: "ServiceUnavailable",
  504: "Timeout",
};

/** Admits the request unchanged. */
export const ALLOWED: AdmissionDecision = Object.freeze({ allowed: true });

/** Denies the request; `status` has the reason and the remedy. */
export function refused(status: Omit<Status, "status">): AdmissionDecision {
  return { allowed: false, status: { status: "Failure", ...status } };
}

/**
 * No decision was possible. `code` becomes the HTTP status, so that the registration's `failurePolicy` decides:
 * `allowed: false` with HTTP 200 would deny the object even under Ignore.
 */
export function failed(code: FailureCode, message: string): AdmissionDecision {
  return refused({ code, reason: FAILURE_REASONS[code], message });
}

/** The HTTP status of a decision: 200 unless the call failed. */
export function httpStatus(decision: AdmissionDecision): number {
  const code = decision.status?.code;
  if (decision.allowed || code === undefined) return 200;
  return code === 400 || code >= 500 ? code : 200;
}
