import type { OwnerReference } from "../../api/meta.ts";
import { GROUP, PLURAL, VERSIONS } from "../../api/names.ts";
import type {
  WebhookClientConfig,
  WebhookConfiguration,
  WebhookEntry,
} from "../../api/webhook_configuration.ts";
import { PATHS } from "../../api/webhook_configuration.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { filterInSteps, runAtOnce, type Steps } from "../steps.ts";
import { leftToWebhookEntries, podEntries } from "./entries.ts";
import { jobEntries } from "./job_entries.ts";
import { pendingAnnotation, type PendingSelection } from "./pending.ts";
import { pendingEntries } from "./pending_entries.ts";

/** What the desired registration depends on. */
export interface RegistrationInput {
  /** Name of both configurations. */
  readonly name: string;
  readonly sidecarSets: readonly PreparedSidecarSet[];
  /** Namespaces that are excluded from injection. */
  readonly excludedNamespaces: readonly string[];
  /** Address of the webhook: a service in the cluster, or the base URL of a process outside. */
  readonly endpoint: WebhookEndpoint;
  /** CA bundle as PEM. */
  readonly caBundle: string;
  /**
   * Owner of the webhook configurations, which are deleted with it. Without an owner only `Ignore` entries are
   * registered.
   */
  readonly owner?: OwnerReference;
  /** Pending selections, which other replicas may have added. */
  readonly pending?: readonly PendingSelection[];
  /** Names of SidecarSets that the API server injects by itself: most of their Pods need no review. */
  readonly injectedByPolicy?: ReadonlySet<string>;
}

export type WebhookEndpoint =
  | {
    readonly service: { readonly name: string; readonly namespace: string; readonly port: number };
  }
  | { readonly url: string };

/** The desired webhook configurations. */
export interface Registration {
  readonly mutating: WebhookConfiguration;
  readonly validating: WebhookConfiguration;
  /** Names of SidecarSets that no entry covers although they are injected. */
  readonly uncovered: ReadonlyMap<string, "ScopeTooLarge">;
}

/**
 * The webhook configuration for these SidecarSets. Equal input gives equal output, so that unchanged configurations
 * are not written: the API server recompiles match conditions after every write.
 */
export function planRegistration(input: RegistrationInput): Registration {
  return runAtOnce(planRegistrationInSteps(input));
}

/** As {@linkcode planRegistration}, in steps. */
export function* planRegistrationInSteps(input: RegistrationInput): Steps<Registration> {
  const { excludedNamespaces, pending = [], injectedByPolicy } = input;
  const mayFail = input.owner !== undefined;
  const options = {
    ...{ excludedNamespaces, mayFail },
    clientConfig: clientConfig(input, PATHS.mutatePod),
  };
  const added = pendingEntries(pending, options);
  // With those that pending entries cover, see `keptPending`.
  const reviewed = yield* filterInSteps(
    input.sidecarSets,
    ({ name }) => injectedByPolicy?.has(name) !== true,
  );
  const pods = yield* podEntries(reviewed, options);
  const byPolicy = yield* filterInSteps(
    input.sidecarSets,
    ({ name }) => injectedByPolicy?.has(name) === true,
  );
  const leftToWebhook = yield* leftToWebhookEntries(byPolicy, options);
  const jobs = yield* jobEntries(input.sidecarSets, {
    excludedNamespaces,
    clientConfig: clientConfig(input, PATHS.validateJob),
  });
  return {
    mutating: configuration("MutatingWebhookConfiguration", input, [
      ...pods.entries,
      ...added.entries,
      ...leftToWebhook,
      {
        ...sidecarSetEntry("defaults", input),
        clientConfig: clientConfig(input, PATHS.mutateSidecarSet),
        failurePolicy: "Ignore",
        reinvocationPolicy: "Never",
      },
    ]),
    validating: configuration("ValidatingWebhookConfiguration", input, [
      {
        ...sidecarSetEntry("validation", input),
        clientConfig: clientConfig(input, PATHS.validateSidecarSet),
        failurePolicy: input.owner ? "Fail" : "Ignore",
      },
      ...jobs,
    ]),
    uncovered: pods.uncovered,
  };
}

function configuration(
  kind: WebhookConfiguration["kind"],
  input: RegistrationInput,
  webhooks: WebhookEntry[],
): WebhookConfiguration {
  const { pending = [] } = input;
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind,
    metadata: {
      name: input.name,
      labels: { "app.kubernetes.io/managed-by": "sidecarset" },
      ...(input.owner ? { ownerReferences: [input.owner] } : {}),
      ...(kind === "MutatingWebhookConfiguration" && pending.length > 0
        ? { annotations: pendingAnnotation(pending) }
        : {}),
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
