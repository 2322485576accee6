import type { AdmissionDecision, AdmissionRequest, Status } from "../api/admission.ts";

/**
 * Decides about one admission request; whatever it throws is a bug and is answered 500.
 *
 * @param detail What follows the review function's own path in the path of the request; mostly empty
 */
export type Review = (
  request: AdmissionRequest,
  detail?: string,
) => AdmissionDecision | Promise<AdmissionDecision>;

/** Codes of calls that came to no decision. */
export type FailureCode = 400 | 500 | 503 | 504;

const FAILURE_REASONS: Readonly<Record<FailureCode, string>> = {
  400: "BadRequest",
  500: "InternalError",
  503: "ServiceUnavailable",
  504: "Timeout",
};

/** The request passes as it is. */
export const ALLOWED: AdmissionDecision = Object.freeze({ allowed: true });

/** The request is refused; `status` tells the user why and how to mend it. */
export function refused(status: Omit<Status, "status">): AdmissionDecision {
  return { allowed: false, status: { status: "Failure", ...status } };
}

/**
 * No decision could be made. It goes out with `code` as the HTTP status, so that the `failurePolicy` of the
 * registration decides and not this process: an `allowed: false` under HTTP 200 would refuse the object even where the
 * policy is Ignore.
 */
export function failed(code: FailureCode, message: string): AdmissionDecision {
  return refused({ code, reason: FAILURE_REASONS[code], message });
}

/** The HTTP status that a decision goes out with: 200 unless the call failed. */
export function httpStatus(decision: AdmissionDecision): number {
  const code = decision.status?.code;
  if (decision.allowed || code === undefined) return 200;
  return code === 400 || code >= 500 ? code : 200;
}
