import * as z from "zod/mini";
import type { JsonPatchOperation } from "./json.ts";

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

const admissionRequest = z.looseObject({
  uid: z.string().check(z.minLength(1)),
  kind: groupVersionKind,
  resource: groupVersionResource,
  subResource: z.optional(z.string()),
  name: z.optional(z.string()),
  namespace: z.optional(z.string()),
  operation: z.enum(["CREATE", "UPDATE", "DELETE", "CONNECT"]),
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
