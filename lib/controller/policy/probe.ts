import type {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
} from "../../api/admission_policy.ts";
import type { OwnerReference } from "../../api/meta.ts";
import { NAMESPACE_NAME_LABEL, POLICY_PROBE, POLICY_PROBE_ANNOTATION } from "../../api/names.ts";
import type { RestClient } from "../../kube/contract.ts";
import { create } from "../../kube/requests.ts";
import { resources } from "../../kube/resources.ts";
import { send } from "../../kube/response.ts";

/** What the probe of API servers' policies depends on. */
interface ProbeInput {
  /** The controller's namespace. */
  readonly namespace: string;
  /** Text that identifies the versions of the policy and its binding. */
  readonly marker: string;
  readonly owner?: OwnerReference | undefined;
}

/**
 * A second policy, written after the one that injects: it adds the marker to a ConfigMap that is only ever created as
 * a dry run. An API server compiles all policies at once, about every second, so that one that adds the marker also
 * uses the versions that the marker names.
 *
 * @see `k8s.io/apiserver/pkg/admission/plugin/policy/generic/policy_source.go:refreshPolicies`
 */
export function probeObjects(
  { namespace, marker, owner }: ProbeInput,
): [MutatingAdmissionPolicyBinding, MutatingAdmissionPolicy] {
  const metadata = {
    name: POLICY_PROBE,
    labels: { "app.kubernetes.io/managed-by": "sidecarset" },
    ...(owner ? { ownerReferences: [owner] } : {}),
  };
  return [
    {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "MutatingAdmissionPolicyBinding",
      metadata,
      spec: { policyName: POLICY_PROBE },
    },
    {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "MutatingAdmissionPolicy",
      metadata,
      spec: {
        failurePolicy: "Ignore",
        reinvocationPolicy: "Never",
        matchConstraints: {
          matchPolicy: "Equivalent",
          namespaceSelector: { matchLabels: { [NAMESPACE_NAME_LABEL]: namespace } },
          objectSelector: {},
          resourceRules: [{
            apiGroups: [""],
            apiVersions: ["v1"],
            operations: ["CREATE"],
            resources: ["configmaps"],
            resourceNames: [POLICY_PROBE],
            scope: "Namespaced",
          }],
        },
        mutations: [{
          patchType: "JSONPatch",
          jsonPatch: {
            expression: `[JSONPatch{op: "add", path: "/metadata/annotations", value: ` +
              `{"${POLICY_PROBE_ANNOTATION}": "${marker}"}}]`,
          },
        }],
      },
    },
  ];
}

/**
 * Whether the API server that answers uses the policies that the marker names.
 *
 * @throws what the API server answers
 */
export async function isApplied(
  client: RestClient,
  { namespace, marker, signal }: ProbeInput & { signal: AbortSignal },
): Promise<boolean> {
  const body = { metadata: { name: POLICY_PROBE, namespace } };
  const request = create(resources.configMaps, { namespace, body, dryRun: true });
  const { metadata: { annotations = {} } } = await send(client, request, signal);
  return annotations[POLICY_PROBE_ANNOTATION] === marker;
}
