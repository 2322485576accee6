import * as z from "zod/mini";
import { isObject, type JsonPatchOperation } from "./json.ts";
import type { Read } from "./problems.ts";
import { readAs } from "./read.ts";

/** admission.k8s.io/v1, as far as the webhooks read it. */

const groupVersionKind = z.looseObject({
  group: z.string(),
  version: z.string(),
  kind: z.string(),
});
const groupVersionResource = z.looseObject({
  group: z.string(),
  version: z.string(),
  resource: z.string(),
});

const OPERATIONS = ["CREATE", "UPDATE", "DELETE", "CONNECT"] as const;

const admissionRequest = z.looseObject({
  uid: z.string().check(z.minLength(1)),
  kind: groupVersionKind,
  resource: groupVersionResource,
  subResource: z.optional(z.string()),
  name: z.optional(z.string()),
  namespace: z.optional(z.string()),
  operation: z.enum(OPERATIONS),
  object: z.optional(z.unknown()),
  oldObject: z.optional(z.unknown()),
  dryRun: z.optional(z.boolean()),
});
export type AdmissionRequest = z.infer<typeof admissionRequest>;

export const admissionReview = z.looseObject({
  apiVersion: z.literal("admission.k8s.io/v1"),
  kind: z.literal("AdmissionReview"),
  request: admissionRequest,
});
type AdmissionReview = z.infer<typeof admissionReview>;

/**
 * Reads an AdmissionReview, whose object is left to the review functions. A well-formed one is taken as it is: parsing
 * by the schema copies it and takes 20 times as long.
 */
export function readAdmissionReview(value: unknown): Read<AdmissionReview> {
  return isWellFormed(value) ? { ok: true, value } : readAs(admissionReview, value);
}

/** Whether the schema certainly accepts the value. */
function isWellFormed(value: unknown): value is AdmissionReview {
  if (!isObject(value) || !isObject(value.request)) return false;
  const { uid, kind, resource, subResource, name, namespace, operation, dryRun } = value.request;
  return value.apiVersion === "admission.k8s.io/v1" && value.kind === "AdmissionReview" &&
    isText(uid) && uid !== "" &&
    isObject(kind) && isText(kind.group) && isText(kind.version) && isText(kind.kind) &&
    isObject(resource) && isText(resource.group) && isText(resource.version) &&
    isText(resource.resource) &&
    isAbsentOrText(subResource) && isAbsentOrText(name) && isAbsentOrText(namespace) &&
    OPERATIONS.some((each) => each === operation) &&
    (dryRun === undefined || typeof dryRun === "boolean");
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isAbsentOrText(value: unknown): boolean {
  return value === undefined || isText(value);
}

/** A meta/v1 Status as an admission response or an API error carries it. */
export interface Status {
  status?: "Success" | "Failure";
  code: number;
  reason?: string;
  message: string;
  details?: {
    name?: string;
    group?: string;
    kind?: string;
    retryAfterSeconds?: number;
    causes?: { reason: string; field: string; message: string }[];
  };
}

/** What a webhook decides about a request; the handler makes the AdmissionResponse of it. */
export interface AdmissionDecision {
  allowed: boolean;
  patch?: readonly JsonPatchOperation[];
  status?: Status;
  warnings?: readonly string[];
  auditAnnotations?: Readonly<Record<string, string>>;
}
