import type {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  NamedExpression,
} from "../../api/admission_policy.ts";
import type { ObjectMeta, OwnerReference } from "../../api/meta.ts";
import { INSTALLATION, MIRROR_POD_ANNOTATION, NAMESPACE_NAME_LABEL } from "../../api/names.ts";
import { DECIDED_BY_POLICY } from "../registration/left_to_webhook.ts";
import { scopeOf } from "../registration/scope.ts";
import { celString } from "./cel.ts";
import { PATCH, POD_VARIABLES, RESULT_VARIABLES } from "./expressions.ts";
import {
  memberVariables,
  POLICY_SETS_ANNOTATION,
  type PolicyMember,
  policySetsText,
} from "./members.ts";

/** Parts of the policy that do not follow from SidecarSets. */
export interface PolicyOptions {
  readonly excludedNamespaces: readonly string[];
  /** Owner of both objects, which are deleted with it. */
  readonly owner?: OwnerReference;
}

/**
 * The MutatingAdmissionPolicy that injects these SidecarSets, sorted by name. Equal input gives equal output, so
 * that an unchanged policy is not written: the API server compiles it after every write.
 *
 * It never refuses a Pod: what fails leaves the Pod as it is. One mutation adds everything, as each mutation costs
 * every Pod a conversion, and as a Pod must not get a part of a SidecarSet.
 */
export function mutatingAdmissionPolicy(
  members: readonly PolicyMember[],
  options: PolicyOptions,
): MutatingAdmissionPolicy {
  const excluded = options.excludedNamespaces.toSorted();
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingAdmissionPolicy",
    metadata: {
      ...metadataOf(options),
      annotations: { [POLICY_SETS_ANNOTATION]: policySetsText(members) },
    },
    spec: {
      failurePolicy: "Ignore",
      reinvocationPolicy: "IfNeeded",
      matchConstraints: {
        matchPolicy: "Equivalent",
        namespaceSelector: excluded.length === 0 ? {} : {
          matchExpressions: [{ key: NAMESPACE_NAME_LABEL, operator: "NotIn", values: excluded }],
        },
        objectSelector: {},
        resourceRules: [{
          apiGroups: [""],
          apiVersions: ["v1"],
          operations: ["CREATE"],
          resources: ["pods"],
          scope: "Namespaced",
        }],
      },
      matchConditions: matchConditions(members),
      variables: [...POD_VARIABLES, ...memberVariables(members), ...RESULT_VARIABLES],
      mutations: [{ patchType: "JSONPatch", jsonPatch: { expression: PATCH } }],
    },
  };
}

/** The binding that makes the policy effective in the whole cluster. */
export function mutatingAdmissionPolicyBinding(
  options: PolicyOptions,
): MutatingAdmissionPolicyBinding {
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingAdmissionPolicyBinding",
    metadata: metadataOf(options),
    spec: { policyName: INSTALLATION },
  };
}

function metadataOf({ owner }: PolicyOptions): ObjectMeta {
  return {
    name: INSTALLATION,
    labels: { "app.kubernetes.io/managed-by": "sidecarset" },
    ...(owner ? { ownerReferences: [owner] } : {}),
  };
}

/** Pods that no SidecarSet selects cost one condition. */
function matchConditions(members: readonly PolicyMember[]): NamedExpression[] {
  const selectors = members.map(({ selection }) => selection.selector ?? {});
  const { expression } = scopeOf(selectors, { widen: true });
  return [
    // Mirror Pods are copies of static Pods, and cannot be changed.
    {
      name: "not-a-mirror-pod",
      expression: `!(${celString(MIRROR_POD_ANNOTATION)} in ` +
        "object.metadata.?annotations.orValue({}))",
    },
    ...(expression ? [{ name: "selected", expression }] : []),
    ...DECIDED_BY_POLICY,
  ];
}
