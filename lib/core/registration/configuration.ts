import type { OwnerReference } from "../../api/meta.ts";
import { GROUP, PLURAL, VERSIONS } from "../../api/names.ts";
import type {
  WebhookClientConfig,
  WebhookConfiguration,
  WebhookEntry,
} from "../../api/webhook_configuration.ts";
import { PATHS } from "../../api/webhook_configuration.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { podEntries } from "./entries.ts";

export interface RegistrationInput {
  /** Name of both configurations. */
  readonly name: string;
  readonly sidecarSets: readonly PreparedSidecarSet[];
  /** Namespaces whose Pods are never taken. */
  readonly excludedNamespaces: readonly string[];
  /** Where the API server reaches the webhook: a service in the cluster, or the base URL of a process outside. */
  readonly endpoint: WebhookEndpoint;
  /** PEM text of the certificate authorities to trust. */
  readonly caBundle: string;
  /** The object whose deletion must take the registration along; without one nothing may be registered that can refuse a Pod. */
  readonly owner?: OwnerReference;
}

export type WebhookEndpoint =
  | {
    readonly service: { readonly name: string; readonly namespace: string; readonly port: number };
  }
  | { readonly url: string };

export interface Registration {
  readonly mutating: WebhookConfiguration;
  readonly validating: WebhookConfiguration;
  /** SidecarSets that no entry covers although they want one, by name. */
  readonly uncovered: ReadonlyMap<string, "ScopeTooLarge">;
}

/**
 * The webhook registration that covers exactly these SidecarSets. Equal input gives equal output, so that it is written only when it
 * changed: the API server compiles match conditions anew after every write.
 */
export function planRegistration(input: RegistrationInput): Registration {
  const pods = podEntries(input.sidecarSets, {
    excludedNamespaces: input.excludedNamespaces,
    clientConfig: clientConfig(input, PATHS.mutatePod),
    mayFail: input.owner !== undefined,
  });
  return {
    mutating: configuration("MutatingWebhookConfiguration", input, [
      ...pods.entries,
      {
        ...sidecarSetEntry("defaults", input),
        clientConfig: clientConfig(input, PATHS.mutateSidecarSet),
        failurePolicy: "Ignore",
        reinvocationPolicy: "Never",
      },
    ]),
    validating: configuration("ValidatingWebhookConfiguration", input, [{
      ...sidecarSetEntry("validation", input),
      clientConfig: clientConfig(input, PATHS.validateSidecarSet),
      failurePolicy: input.owner ? "Fail" : "Ignore",
    }]),
    uncovered: pods.uncovered,
  };
}

function configuration(
  kind: WebhookConfiguration["kind"],
  input: RegistrationInput,
  webhooks: WebhookEntry[],
): WebhookConfiguration {
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind,
    metadata: {
      name: input.name,
      labels: { "app.kubernetes.io/managed-by": "sidecarset" },
      ...(input.owner ? { ownerReferences: [input.owner] } : {}),
    },
    webhooks,
  };
}

function sidecarSetEntry(name: string, input: RegistrationInput): WebhookEntry {
  return {
    name: `${name}.${PLURAL}.${GROUP}`,
    admissionReviewVersions: ["v1"],
    clientConfig: clientConfig(input, ""),
    failurePolicy: "Ignore",
    matchPolicy: "Equivalent",
    namespaceSelector: {},
    objectSelector: {},
    rules: [{
      apiGroups: [GROUP],
      apiVersions: [...VERSIONS],
      operations: ["CREATE", "UPDATE"],
      resources: [PLURAL],
      scope: "Cluster",
    }],
    sideEffects: "None",
    timeoutSeconds: 5,
  };
}

function clientConfig(input: RegistrationInput, path: string): WebhookClientConfig {
  const caBundle = btoa(input.caBundle);
  if ("url" in input.endpoint) {
    return { caBundle, url: `${input.endpoint.url.replace(/\/+$/, "")}${path}` };
  }
  return { caBundle, service: { ...input.endpoint.service, path } };
}
