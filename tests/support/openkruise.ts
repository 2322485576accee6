/** Where OpenKruise is installed. */
export const KRUISE_NAMESPACE = "kruise-system";

interface Place {
  readonly namespace?: string;
}

interface Handled {
  /** Of the entry, before `.kb.io`. */
  readonly name: string;
  readonly path: string;
  readonly group: string;
  readonly resource: string;
}

/** As OpenKruise registers them (`config/webhook/manifests.yaml`), but for entries of other kinds of the same form. */
const MUTATING: readonly Handled[] = [
  { name: "mpod", path: "/mutate-pod", group: "", resource: "pods" },
  {
    name: "mcloneset",
    path: "/mutate-apps-kruise-io-cloneset",
    group: "apps.kruise.io",
    resource: "clonesets",
  },
  {
    name: "msidecarset",
    path: "/mutate-apps-kruise-io-sidecarset",
    group: "apps.kruise.io",
    resource: "sidecarsets",
  },
];
const VALIDATING: readonly Handled[] = [
  {
    name: "vcloneset",
    path: "/validate-apps-kruise-io-cloneset",
    group: "apps.kruise.io",
    resource: "clonesets",
  },
  {
    name: "vsidecarset",
    path: "/validate-apps-kruise-io-sidecarset",
    group: "apps.kruise.io",
    resource: "sidecarsets",
  },
];

/**
 * OpenKruise's two webhook configurations. No server answers, so their `failurePolicy` is Ignore instead of Fail.
 *
 * @param except Resources that this build of its manager does not have.
 */
export function kruiseRegistration(
  { except = [], namespace = KRUISE_NAMESPACE }: Place & { except?: readonly string[] } = {},
): object[] {
  const configuration = (kind: string, name: string, handled: readonly Handled[]) => ({
    apiVersion: "admissionregistration.k8s.io/v1",
    kind,
    metadata: { name },
    webhooks: handled.filter(({ resource }) => !except.includes(resource)).map((each) =>
      entryOf(each, namespace)
    ),
  });
  return [
    configuration(
      "MutatingWebhookConfiguration",
      "kruise-mutating-webhook-configuration",
      MUTATING,
    ),
    configuration(
      "ValidatingWebhookConfiguration",
      "kruise-validating-webhook-configuration",
      VALIDATING,
    ),
  ];
}

function entryOf({ name, path, group, resource }: Handled, namespace: string) {
  return {
    name: `${name}.kb.io`,
    admissionReviewVersions: ["v1", "v1beta1"],
    clientConfig: { service: { name: "kruise-webhook-service", namespace, path } },
    failurePolicy: "Ignore",
    timeoutSeconds: 1,
    rules: [{
      apiGroups: [group],
      apiVersions: group === "" ? ["v1"] : ["v1alpha1", "v1beta1"],
      operations: group === "" ? ["CREATE"] : ["CREATE", "UPDATE"],
      resources: [resource],
    }],
    sideEffects: "None",
  };
}

/** The Deployment of its manager, with the variable that is said to switch kinds off. */
export function kruiseManager(
  { kinds = "", replicas = 1, namespace = KRUISE_NAMESPACE }: Place & {
    kinds?: string;
    replicas?: number;
  },
) {
  const env = [{ name: "CUSTOM_RESOURCE_ENABLE", value: kinds }];
  const containers = [{ name: "manager", image: "openkruise/kruise-manager:v1.9.0", env }];
  const labels = { "control-plane": "controller-manager" };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "kruise-controller-manager", namespace },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers } },
    },
  };
}

/** The Lease of a manager that runs. */
export function kruiseLease(renewed: Date) {
  const time = renewed.toISOString().replace("Z", "000Z");
  return {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name: "kruise-manager", namespace: KRUISE_NAMESPACE },
    spec: { holderIdentity: "kruise_1", leaseDurationSeconds: 15, renewTime: time },
  };
}
