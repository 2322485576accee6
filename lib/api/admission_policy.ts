import type { LabelSelector, ObjectMeta } from "./meta.ts";

/**
 * The parts of `MutatingAdmissionPolicy` and its binding (admissionregistration.k8s.io/v1) that the controller writes
 * and compares. Defaults are explicit, so that a read object compares equal.
 */

export interface PolicyResourceRule {
  apiGroups: string[];
  apiVersions: string[];
  operations: string[];
  resources: string[];
  scope: "Cluster" | "Namespaced" | "*";
}

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
      resourceRules: PolicyResourceRule[];
    };
    matchConditions?: { name: string; expression: string }[];
    variables?: { name: string; expression: string }[];
    mutations: { patchType: "JSONPatch"; jsonPatch: { expression: string } }[];
  };
}

export interface MutatingAdmissionPolicyBinding {
  apiVersion: "admissionregistration.k8s.io/v1";
  kind: "MutatingAdmissionPolicyBinding";
  metadata: ObjectMeta;
  spec?: { policyName: string };
}

/** The policy or its binding. */
export type PolicyObject = MutatingAdmissionPolicy | MutatingAdmissionPolicyBinding;
