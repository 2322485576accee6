import { isObject } from "../api/json.ts";
import {
  ALLOW_LIST_CONFIG_MAP,
  ALLOW_LIST_KEY,
  GROUP,
  OPENKRUISE_NAMESPACE,
  PLURAL,
  REVISION_OWNER_LABEL,
} from "../api/names.ts";
import type {
  ControllerRevision,
  CustomResourceDefinition,
  Lease,
  Workload,
} from "../api/objects.ts";
import type { WebhookConfiguration } from "../api/webhook_configuration.ts";
import { readAllItems, type RestClient } from "./contract.ts";
import { ifAllowed, isForbidden, orUndefined } from "./errors.ts";
import { get, list } from "./requests.ts";
import { resources } from "./resources.ts";
import { send } from "./response.ts";

/** OpenKruise's object names (`main.go`, `config/manager`, `pkg/webhook/util/configuration`). */
const MUTATING = "kruise-mutating-webhook-configuration";
const VALIDATING = "kruise-validating-webhook-configuration";
const MANAGER = "kruise-controller-manager";
const LEASE = "kruise-manager";

/** A Lease that is older than this many times its duration has no holder. */
const LEASE_DURATIONS = 2;

/** The cluster, and the namespace in which OpenKruise runs if it is installed. */
export interface OpenKruiseOptions {
  readonly client: RestClient;
  /** Namespace of OpenKruise, unless its registration names another one. */
  readonly namespace: string;
  readonly signal: AbortSignal;
}

export type OpenKruiseActivity =
  /** Its webhooks do not match SidecarSets. */
  | { readonly state: "absent" }
  /** It does not run, but these webhook configurations still match SidecarSets. */
  | { readonly state: "left"; readonly configurations: readonly string[] }
  /** It manages SidecarSets, or that cannot be determined. */
  | { readonly state: "active"; readonly problem: string; readonly remedy: string };

/**
 * Finds the namespace of OpenKruise: that of the Service of its webhooks, which its manager serves, or of the
 * conversion webhook of a definition.
 *
 * @param crd definition of SidecarSet, if it is known
 * @returns undefined without such a Service, or if this user may not read the registration
 * @throws the client's other errors
 */
export async function findOpenKruise(
  options: Pick<OpenKruiseOptions, "client" | "signal">,
  crd?: CustomResourceDefinition,
): Promise<string | undefined> {
  try {
    const registered = serviceNamespace(await readRegistration(options));
    return registered ?? conversionNamespace(crd);
  } catch (error) {
    if (isForbidden(error)) return conversionNamespace(crd);
    throw error;
  }
}

function serviceNamespace(configurations: readonly WebhookConfiguration[]): string | undefined {
  const entries = configurations.flatMap(({ webhooks = [] }) => webhooks);
  return entries.find(({ clientConfig }) => clientConfig.service)?.clientConfig.service?.namespace;
}

function conversionNamespace(crd: CustomResourceDefinition | undefined): string | undefined {
  const namespace = valueAt(
    crd?.spec,
    "conversion",
    "webhook",
    "clientConfig",
    "service",
    "namespace",
  );
  return typeof namespace === "string" ? namespace : undefined;
}

function valueAt(value: unknown, ...names: string[]): unknown {
  return names.reduce((found, name) => isObject(found) ? found[name] : undefined, value);
}

/**
 * Determines whether OpenKruise manages SidecarSets in this cluster: its webhooks are registered for them, and its
 * manager runs. Its variable CUSTOM_RESOURCE_ENABLE does not matter: since v0.8 it only switches off the webhook for
 * Pods (`pkg/features:compatibleEnv`).
 *
 * @param options `now` by the API server's clock
 * @throws the client's error, unless a right is missing
 */
export async function openKruiseActivity(
  options: OpenKruiseOptions & { readonly now: Date },
): Promise<OpenKruiseActivity> {
  const registration = await readRegistration(options);
  const configurations = registration.filter(takesSidecarSets)
    .map(({ metadata }) => metadata.name ?? "");
  if (configurations.length === 0) return { state: "absent" };
  const namespace = serviceNamespace(registration) ?? options.namespace;
  const registered = `the webhook configuration ${configurations.join(" and ")} takes SidecarSets`;
  try {
    const manager = await openKruiseManager({ ...options, namespace });
    if (manager === undefined) return { state: "left", configurations };
    return { state: "active", problem: `${registered}, and ${manager}`, remedy: REMEDY };
  } catch (error) {
    if (!isForbidden(error)) throw error;
    const unknown =
      `its manager in namespace ${namespace} cannot be read, so it is unknown whether it runs`;
    return {
      state: "active",
      problem: `${registered}; ${unknown}`,
      remedy: `${readingAdvice(namespace)}; if it runs, ${lowerFirst(REMEDY)}`,
    };
  }
}

/** The remedy for a missing right in OpenKruise's namespace. */
export function readingAdvice(namespace: string): string {
  const option = namespace === OPENKRUISE_NAMESPACE ? "" : ` --openkruise-namespace ${namespace}`;
  return `Apply the roles that sidecarset manifests --openkruise${option} adds`;
}

const REMEDY =
  "Remove OpenKruise, or run a build of its manager without SidecarSet (manifests/docs/migrate-from-openkruise.md): " +
  "CUSTOM_RESOURCE_ENABLE does not switch its SidecarSet off; with --ignore-openkruise both work, and undo " +
  "each other's changes";

/** Reads OpenKruise's webhook configurations. Rejects with the client's error. */
async function readRegistration(
  { client, signal }: Pick<OpenKruiseOptions, "client" | "signal">,
): Promise<WebhookConfiguration[]> {
  const mutating = get(resources.mutatingWebhookConfigurations, { name: MUTATING });
  const validating = get(resources.validatingWebhookConfigurations, { name: VALIDATING });
  const found = await Promise.all([
    orUndefined(send(client, mutating, signal)),
    // Older roles do not grant this right; the mutating configuration suffices then.
    ifAllowed(orUndefined(send(client, validating, signal))),
  ]);
  return found.filter((each) => each !== undefined);
}

function takesSidecarSets({ webhooks = [] }: WebhookConfiguration): boolean {
  return webhooks.some(({ rules = [] }) =>
    rules.some(({ apiGroups, resources }) =>
      apiGroups.includes(GROUP) && resources.includes(PLURAL)
    )
  );
}

/**
 * Reads the evidence that OpenKruise's manager runs. The manager also serves the conversion webhook of its definitions,
 * independently of its admission webhooks (`pkg/webhook/util/crd`).
 *
 * @param options `now` by the API server's clock
 * @returns undefined without evidence
 * @throws the client's error
 */
export async function openKruiseManager(
  { client, namespace, signal, now }: OpenKruiseOptions & { readonly now: Date },
): Promise<string | undefined> {
  const deployment = get(resources.deployments, { name: MANAGER, namespace });
  const found = await orUndefined(send(client, deployment, signal));
  if (found && wantsReplicas(found)) return `the Deployment ${namespace}/${MANAGER} runs`;
  const lease = await orUndefined(
    send(client, get(resources.leases, { name: LEASE, namespace }), signal),
  );
  return lease && isHeld(lease, now)
    ? `${lease.spec?.holderIdentity} holds its Lease ${namespace}/${LEASE}`
    : undefined;
}

function wantsReplicas({ spec }: Workload): boolean {
  return !isObject(spec) || spec.replicas !== 0;
}

function isHeld({ spec = {} }: Lease, now: Date): boolean {
  const { holderIdentity = "", renewTime = "", leaseDurationSeconds = 15 } = spec;
  const age = now.getTime() - Date.parse(renewTime);
  return holderIdentity !== "" && age < leaseDurationSeconds * LEASE_DURATIONS * 1_000;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** SidecarSet data in OpenKruise's namespace. */
export interface OpenKruiseRetained {
  readonly revisions: readonly ControllerRevision[];
  readonly allowList: string | undefined;
}

/**
 * Reads OpenKruise's revisions and annotation allow-list.
 *
 * @returns empty without its namespace; undefined if a right is missing
 * @throws the client's other errors
 */
export async function readRetained(
  { client, namespace, signal }: OpenKruiseOptions,
): Promise<OpenKruiseRetained | undefined> {
  const place = get(resources.namespaces, { name: namespace });
  const allowList = get(resources.configMaps, { name: ALLOW_LIST_CONFIG_MAP, namespace });
  try {
    if (!await orUndefined(send(client, place, signal))) {
      return { revisions: [], allowList: undefined };
    }
    const config = await orUndefined(send(client, allowList, signal));
    const revisions = await Array.fromAsync(readAllItems((token) =>
      send(
        client,
        list(resources.controllerRevisions, {
          namespace,
          labelSelector: REVISION_OWNER_LABEL,
          limit: 100,
          ...(token ? { continue: token } : {}),
        }),
        signal,
      )
    ));
    return { revisions, allowList: config?.data?.[ALLOW_LIST_KEY] };
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
}
