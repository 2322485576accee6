import type { LabelSelector, ObjectMeta } from "./meta.ts";

/**
 * The parts of admissionregistration.k8s.io/v1 that the controller writes and compares. Defaults are explicit, so
 * that a read object compares equal.
 */

/** Paths of the webhook server, the same as OpenKruise's. */
export const PATHS = {
  mutatePod: "/mutate-pod",
  mutateSidecarSet: "/mutate-apps-kruise-io-sidecarset",
  validateSidecarSet: "/validate-apps-kruise-io-sidecarset",
  validateJob: "/validate-batch-v1-job",
} as const;

/** admissionregistration.k8s.io/v1 WebhookClientConfig: how API servers reach the webhook. */
export interface WebhookClientConfig {
  /** Base64 of PEM text. */
  caBundle?: string;
  service?: { name: string; namespace: string; port: number; path: string };
  url?: string;
}

/** admissionregistration.k8s.io/v1 RuleWithOperations. */
export interface WebhookRule {
  apiGroups: string[];
  apiVersions: string[];
  operations: string[];
  resources: string[];
  scope: "Cluster" | "Namespaced" | "*";
}

/** admissionregistration.k8s.io/v1 MatchCondition: CEL that is true for requests that are not skipped. */
export interface MatchCondition {
  name: string;
  expression: string;
}

/** One webhook of a configuration, mutating or validating. */
export interface WebhookEntry {
  name: string;
  admissionReviewVersions: string[];
  clientConfig: WebhookClientConfig;
  failurePolicy: "Ignore" | "Fail";
  matchPolicy: "Equivalent" | "Exact";
  namespaceSelector: LabelSelector;
  objectSelector: LabelSelector;
  rules: WebhookRule[];
  sideEffects: "None";
  timeoutSeconds: number;
  /** Of mutating webhooks only. */
  reinvocationPolicy?: "Never" | "IfNeeded";
  matchConditions?: MatchCondition[];
}

/** admissionregistration.k8s.io/v1 MutatingWebhookConfiguration or ValidatingWebhookConfiguration. */
export interface WebhookConfiguration {
  apiVersion: "admissionregistration.k8s.io/v1";
  kind: "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration";
  metadata: ObjectMeta;
  webhooks?: WebhookEntry[];
}
