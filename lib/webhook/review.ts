import {
  type AdmissionDecision,
  type AdmissionRequest,
  readAdmissionReview,
} from "../api/admission.ts";
import { problemTexts } from "../api/problems.ts";
import { isObject, type JsonPatchOperation } from "../api/json.ts";
import { httpStatus } from "./decisions.ts";
import { warningText } from "./warnings.ts";

const JSON_HEADERS = { "content-type": "application/json" };
/** Size of the reused buffer. Larger texts get their own. */
const BUFFER_BYTES = 64 * 1024;

/** An AdmissionReview, or why it cannot be read; with the uid for the response where there is one. */
type ReviewReading =
  | { readonly ok: true; readonly request: AdmissionRequest }
  | { readonly ok: false; readonly uid: string | undefined; readonly message: string };

/** Reads an AdmissionReview v1, without the objects in it. */
export function readReview(value: unknown): ReviewReading {
  const reading = readAdmissionReview(value);
  if (reading.ok) return { ok: true, request: reading.value.request };
  return {
    ok: false,
    uid: uidOf(value),
    message: `Cannot read the body as an AdmissionReview of admission.k8s.io/v1: ${
      problemTexts(reading.problems)
    }`,
  };
}

/** Makes the HTTP response for a decision about the request with this uid. */
type Respond = (uid: string, decision: AdmissionDecision) => Response;

/** Makes the function that writes responses; it remembers shared patches. */
export function createRespond(): Respond {
  const encodePatch = createPatchEncoder();

  return function respond(uid, decision) {
    const { allowed, patch = [], status, warnings = [], auditAnnotations } = decision;
    // Concatenated, because JSON.stringify() would escape the base64 text of the whole patch again.
    const body = '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{' +
      `"uid":${JSON.stringify(uid)},"allowed":${allowed}` +
      (patch.length > 0 ? `,"patchType":"JSONPatch","patch":"${encodePatch(patch)}"` : "") +
      (status ? `,"status":${JSON.stringify(status)}` : "") +
      (warnings.length > 0 ? `,"warnings":${JSON.stringify(warnings.map(warningText))}` : "") +
      (auditAnnotations ? `,"auditAnnotations":${JSON.stringify(auditAnnotations)}` : "") + "}}";
    return new Response(body, { status: httpStatus(decision), headers: JSON_HEADERS });
  };
}

/** Encodes patches as base64 JSON. A patch that many Pods share is encoded once. */
function createPatchEncoder(): (patch: readonly JsonPatchOperation[]) => string {
  const encodeBase64 = createBase64Encoder();
  const shared = new WeakMap<readonly JsonPatchOperation[], string>();

  return function encodePatch(patch) {
    // Only shared patches are frozen, see `Injection.patch`.
    if (!Object.isFrozen(patch)) return encodeBase64(JSON.stringify(patch));
    const known = shared.get(patch);
    if (known !== undefined) return known;
    const text = encodeBase64(JSON.stringify(patch));
    shared.set(patch, text);
    return text;
  };
}

/**
 * Makes a function that encodes the UTF-8 of a text in base64. The reused buffer takes a third of the time of a new
 * one; `btoa` supports Latin-1 only.
 */
function createBase64Encoder(): (text: string) => string {
  const encoder = new TextEncoder();
  const reused = new Uint8Array(BUFFER_BYTES);
  return function encodeBase64(text) {
    // A UTF-16 unit takes at most three bytes.
    const buffer = text.length * 3 <= BUFFER_BYTES ? reused : new Uint8Array(text.length * 3);
    const { written } = encoder.encodeInto(text, buffer);
    return buffer.subarray(0, written).toBase64();
  };
}

function uidOf(value: unknown): string | undefined {
  const request = isObject(value) ? value.request : undefined;
  const uid = isObject(request) ? request.uid : undefined;
  return typeof uid === "string" && uid !== "" ? uid : undefined;
}
