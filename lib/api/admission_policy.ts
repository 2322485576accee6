import type { LabelSelector, ObjectMeta } from "./meta.ts";
import type { WebhookRule } from "./webhook_configuration.ts";

/**
 * The parts of `MutatingAdmissionPolicy` and its binding (admissionregistration.k8s.io/v1) that the controller writes
 * and compares. Defaults are explicit, so that a read object compares equal.
 */

/** A variable or match condition: its CEL expression, and the name for other expressions and error messages. */
export interface NamedExpression {
  name: string;
  expression: string;
}

/** admissionregistration.k8s.io/v1 MutatingAdmissionPolicy, as far as the program reads and writes it. */
export interface MutatingAdmissionPolicy {
  apiVersion: "admissionregistration.k8s.io/v1";
  kind: "MutatingAdmissionPolicy";
  metadata: ObjectMeta;
  spec?: {
    failurePolicy: "Ignore" | "Fail";
    reinvocationPolicy: "Never" | "IfNeeded";
    matchConstraints: {
      matchPolicy: "Equivalent" | "Exact";
      namespaceSelector: LabelSelector;
      objectSelector: LabelSelector;
      resourceRules: (WebhookRule & { resourceNames?: string[] })[];
    };
    matchConditions?: NamedExpression[];
    variables?: NamedExpression[];
    mutations: { patchType: "JSONPatch"; jsonPatch: { expression: string } }[];
  };
}

/** admissionregistration.k8s.io/v1 MutatingAdmissionPolicyBinding, which makes a policy effective. */
export interface MutatingAdmissionPolicyBinding {
  apiVersion: "admissionregistration.k8s.io/v1";
  kind: "MutatingAdmissionPolicyBinding";
  metadata: ObjectMeta;
  spec?: { policyName: string };
}

/** The policy or its binding. */
export type PolicyObject = MutatingAdmissionPolicy | MutatingAdmissionPolicyBinding;
