import {
  type AdmissionDecision,
  type AdmissionRequest,
  admissionReview,
} from "../api/admission.ts";
import { problemTexts } from "../api/field_problem.ts";
import { isObject, type JsonPatchOperation } from "../api/json.ts";
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
    return {
      ok: false,
      uid: uidOf(value),
      message: `Cannot read the body as an AdmissionReview of admission.k8s.io/v1: ${
        problemTexts(reading.problems)
      }`,
    };
  };
}

/** The HTTP response that carries a decision back, under the uid of its request. */
export type Respond = (uid: string, decision: AdmissionDecision) => Response;

export function createRespond(): Respond {
  const encodePatch = createPatchEncoder();

  return function respond(uid, decision) {
    const { allowed, patch = [], status, warnings = [], auditAnnotations } = decision;
    // Put together by hand, because JSON.stringify would look through the whole patch again.
    const body = '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{' +
      `"uid":${JSON.stringify(uid)},"allowed":${allowed}` +
      (patch.length > 0 ? `,"patchType":"JSONPatch","patch":"${encodePatch(patch)}"` : "") +
      (status ? `,"status":${JSON.stringify(status)}` : "") +
      (warnings.length > 0 ? `,"warnings":${JSON.stringify(warnings.map(warningText))}` : "") +
      (auditAnnotations ? `,"auditAnnotations":${JSON.stringify(auditAnnotations)}` : "") + "}}";
    return new Response(body, { status: httpStatus(decision), headers: JSON_HEADERS });
  };
}

/** Writes patches as the API server wants them, those that many Pods get only once. */
function createPatchEncoder(): (patch: readonly JsonPatchOperation[]) => string {
  const encodeBase64 = createBase64Encoder();
  const shared = new WeakMap<readonly JsonPatchOperation[], string>();

  return function encodePatch(patch) {
    // `Injection.patch` says what a frozen one is.
    if (!Object.isFrozen(patch)) return encodeBase64(JSON.stringify(patch));
    const known = shared.get(patch);
    if (known !== undefined) return known;
    const text = encodeBase64(JSON.stringify(patch));
    shared.set(patch, text);
    return text;
  };
}

function uidOf(value: unknown): string | undefined {
  const request = isObject(value) ? value.request : undefined;
  const uid = isObject(request) ? request.uid : undefined;
  return typeof uid === "string" && uid !== "" ? uid : undefined;
}
