import {
  type AdmissionDecision,
  type AdmissionRequest,
  admissionReview,
} from "../api/admission.ts";
import { isObject } from "../api/json.ts";
import { createReader } from "../api/reader.ts";
import { createBase64Encoder } from "./base64.ts";
import { httpStatus } from "./decisions.ts";
import { warningText } from "./warnings.ts";

const JSON_HEADERS = { "content-type": "application/json" };

/** An AdmissionReview, or what is wrong with it; the uid where there is one to answer to. */
export type ReviewReading =
  | { readonly ok: true; readonly request: AdmissionRequest }
  | { readonly ok: false; readonly uid: string | undefined; readonly message: string };

/** Makes a reader of the envelope of an AdmissionReview v1; the objects in it are left to the review function. */
export function createReviewReader(): (value: unknown) => ReviewReading {
  const read = createReader(admissionReview);

  return function readReview(value) {
    const reading = read(value);
    if (reading.ok) return { ok: true, request: reading.value.request };
    const problems = reading.problems.map(({ field, message }) => `${field} ${message}`.trim());
    return {
      ok: false,
      uid: uidOf(value),
      message: `Cannot read the body as an AdmissionReview of admission.k8s.io/v1: ${
        problems.join("; ")
      }`,
    };
  };
}

/** The HTTP response that carries a decision back, under the uid of its request. */
export type Respond = (uid: string, decision: AdmissionDecision) => Response;

export function createRespond(): Respond {
  const encodeBase64 = createBase64Encoder();

  return function respond(uid, decision) {
    const { allowed, patch, status, warnings, auditAnnotations } = decision;
    const response: Record<string, unknown> = { uid, allowed };
    if (patch && patch.length > 0) {
      response.patchType = "JSONPatch";
      response.patch = encodeBase64(JSON.stringify(patch));
    }
    if (status) response.status = status;
    if (warnings && warnings.length > 0) response.warnings = warnings.map(warningText);
    if (auditAnnotations) response.auditAnnotations = auditAnnotations;
    const body = JSON.stringify({
      apiVersion: "admission.k8s.io/v1",
      kind: "AdmissionReview",
      response,
    });
    return new Response(body, { status: httpStatus(decision), headers: JSON_HEADERS });
  };
}

function uidOf(value: unknown): string | undefined {
  const request = isObject(value) ? value.request : undefined;
  const uid = isObject(request) ? request.uid : undefined;
  return typeof uid === "string" && uid !== "" ? uid : undefined;
}
