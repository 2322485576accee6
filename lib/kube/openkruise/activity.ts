import { isObject } from "../../api/json.ts";
import { GROUP, PLURAL } from "../../api/names.ts";
import type { Lease, Workload } from "../../api/objects.ts";
import type { WebhookConfiguration } from "../../api/webhook_configuration.ts";
import type { RestClient } from "../contract.ts";
import { isForbidden, isNotFound } from "../errors.ts";
import { get, type KubeRequest } from "../requests.ts";
import { resources } from "../resources.ts";
import { send } from "../send.ts";

/** Names that OpenKruise gives to its parts (`main.go`, `config/manager`, `pkg/webhook/util/configuration`). */
const MUTATING = "kruise-mutating-webhook-configuration";
const VALIDATING = "kruise-validating-webhook-configuration";
const MANAGER = "kruise-controller-manager";
const LEASE = "kruise-manager";

/** A Lease that was not renewed for this many times its duration has no holder any more. */
const LEASE_DURATIONS = 2;

export interface OpenKruiseOptions {
  readonly client: RestClient;
  /** Where OpenKruise is installed. */
  readonly namespace: string;
  readonly signal: AbortSignal;
}

export type OpenKruiseActivity =
  /** It does not take SidecarSets. */
  | { readonly state: "absent" }
  /** Nothing of it runs, but these webhook configurations still take SidecarSets. */
  | { readonly state: "left"; readonly configurations: readonly string[] }
  /** It looks after SidecarSets, or it is not known whether it does. */
  | { readonly state: "active"; readonly problem: string; readonly remedy: string };

/**
 * Whether OpenKruise looks after SidecarSets in this cluster too: its webhooks are registered for them, and its manager runs. Its environment
 * variable CUSTOM_RESOURCE_ENABLE says nothing about that: since v0.8 it only turns the webhook for Pods off (`pkg/features:compatibleEnv`).
 *
 * @param options `now` by the API server's clock
 */
export async function openKruiseActivity(
  options: OpenKruiseOptions & { readonly now: Date },
): Promise<OpenKruiseActivity> {
  const configurations = await registeredFor(options);
  if (configurations.length === 0) return { state: "absent" };
  const registered = `the webhook configuration ${configurations.join(" and ")} takes SidecarSets`;
  try {
    const manager = await runningManager(options);
    if (manager === undefined) return { state: "left", configurations };
    return { state: "active", problem: `${registered}, and ${manager}`, remedy: REMEDY };
  } catch (error) {
    if (!isForbidden(error)) throw error;
    const unknown =
      `its manager in namespace ${options.namespace} may not be read, so that it is not known whether it runs`;
    return {
      state: "active",
      problem: `${registered}; ${unknown}`,
      remedy: `${READING_ADVICE}; if it runs, ${lowerFirst(REMEDY)}`,
    };
  }
}

/** How the controller gets the right to read what is in OpenKruise's namespace. */
export const READING_ADVICE = "Apply the roles that sidecarset manifests --openkruise adds";

const REMEDY =
  "Remove OpenKruise, or run a build of its manager without SidecarSet (README, Coming from OpenKruise): CUSTOM_RESOURCE_ENABLE does not " +
  "switch its SidecarSet off; with --ignore-openkruise both work, and undo each other's changes";

/** Names of its webhook configurations with an entry for SidecarSets. */
async function registeredFor({ client, signal }: OpenKruiseOptions): Promise<string[]> {
  const mutating = get(resources.mutatingWebhookConfigurations, { name: MUTATING });
  const validating = get(resources.validatingWebhookConfigurations, { name: VALIDATING });
  const found = await Promise.all([
    readable(client, mutating, signal),
    // A role of an older version does not grant it; the first one is enough then.
    readable(client, validating, signal).catch((error) => {
      if (isForbidden(error)) return undefined;
      throw error;
    }),
  ]);
  return found.flatMap((each) => each && takesSidecarSets(each) ? [each.metadata.name ?? ""] : []);
}

function takesSidecarSets({ webhooks = [] }: WebhookConfiguration): boolean {
  return webhooks.some(({ rules = [] }) =>
    rules.some(({ apiGroups, resources }) =>
      apiGroups.includes(GROUP) && resources.includes(PLURAL)
    )
  );
}

/** What of its manager runs; undefined where nothing does. */
async function runningManager(
  { client, namespace, signal, now }: OpenKruiseOptions & { readonly now: Date },
): Promise<string | undefined> {
  const deployment = get(resources.deployments, { name: MANAGER, namespace });
  const found = await readable(client, deployment, signal);
  if (found && wantsReplicas(found)) return `the Deployment ${namespace}/${MANAGER} runs`;
  const lease = await readable(client, get(resources.leases, { name: LEASE, namespace }), signal);
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

/** An object; undefined where there is none. Rejects with any other answer of the API server. */
export async function readable<T>(
  client: RestClient,
  request: KubeRequest<T>,
  signal: AbortSignal,
): Promise<T | undefined> {
  try {
    return await send(client, request, signal);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
