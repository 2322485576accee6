import type { ControllerRevision } from "../api/controller_revision.ts";
import { isObject } from "../api/json.ts";
import { ALLOW_LIST_CONFIG_MAP, ALLOW_LIST_KEY, KIND, REVISION_OWNER_LABEL } from "../api/names.ts";
import { readAllItems, type RestClient } from "../kube/contract.ts";
import { isForbidden, isNotFound } from "../kube/errors.ts";
import { get, type KubeRequest, list } from "../kube/requests.ts";
import { resources } from "../kube/resources.ts";
import { send } from "../kube/send.ts";

/** Names that OpenKruise gives to its parts (`config/manager`, `pkg/webhook/util`). */
const REGISTRATION = "kruise-mutating-webhook-configuration";
const MANAGER = "kruise-controller-manager";
const KINDS_VARIABLE = "CUSTOM_RESOURCE_ENABLE";

export interface OpenKruiseOptions {
  readonly client: RestClient;
  /** Where OpenKruise is installed. */
  readonly namespace: string;
  readonly signal: AbortSignal;
}

/**
 * Whether OpenKruise looks after SidecarSets in this cluster too: its webhook is registered, and its manager runs without a list of kinds that
 * leaves SidecarSet out (`pkg/features`, environment variable CUSTOM_RESOURCE_ENABLE).
 *
 * @returns what is active and what to switch off; undefined where nothing is
 */
export async function activeOpenKruise(
  { client, namespace, signal }: OpenKruiseOptions,
): Promise<string | undefined> {
  const registration = get(resources.mutatingWebhookConfigurations, { name: REGISTRATION });
  if (!await readable(client, registration, signal)) return undefined;
  const manager = get(resources.deployments, { name: MANAGER, namespace });
  let found: unknown;
  try {
    found = await readable(client, manager, signal);
  } catch (error) {
    if (!isForbidden(error)) throw error;
    return `the webhook registration ${REGISTRATION} exists, and the Deployment ${namespace}/${MANAGER} ` +
      `may not be read, so that it is not known whether it looks after SidecarSets. ${READING_ADVICE}; ${ADVICE}`;
  }
  if (!found || leavesSidecarSetsOut(found)) return undefined;
  return `the Deployment ${namespace}/${MANAGER} looks after SidecarSets. ${ADVICE}`;
}

/** How the controller gets the right to read what is in OpenKruise's namespace. */
export const READING_ADVICE = "Apply the roles that sidecarset manifests --openkruise adds";

const ADVICE =
  `Set ${KINDS_VARIABLE} of its manager to the kinds that it shall keep, without ${KIND}, ` +
  "or remove OpenKruise; with --ignore-openkruise both work, and undo each other's changes";

function leavesSidecarSetsOut(deployment: unknown): boolean {
  const spec = isObject(deployment) && isObject(deployment.spec) ? deployment.spec : {};
  if (spec.replicas === 0) return true;
  const template = isObject(spec.template) && isObject(spec.template.spec)
    ? spec.template.spec
    : {};
  const containers = Array.isArray(template.containers) ? template.containers : [];
  const variables = containers.flatMap((container: unknown) =>
    isObject(container) && Array.isArray(container.env) ? container.env : []
  );
  const kinds = variables.filter(isObject).find(({ name }) => name === KINDS_VARIABLE)?.value;
  if (typeof kinds !== "string" || kinds.trim() === "") return false;
  return !kinds.split(",").some((kind) => kind.trim() === KIND);
}

/** What OpenKruise keeps in its namespace for SidecarSets. */
export interface OpenKruiseLegacy {
  readonly revisions: readonly ControllerRevision[];
  readonly allowList: string | undefined;
}

/** Reads what OpenKruise has kept, nothing where it is not; undefined where that may not be read. */
export async function readLegacy(
  { client, namespace, signal }: OpenKruiseOptions,
): Promise<OpenKruiseLegacy | undefined> {
  const place = get(resources.namespaces, { name: namespace });
  const allowList = get(resources.configMaps, { name: ALLOW_LIST_CONFIG_MAP, namespace });
  try {
    if (!await readable(client, place, signal)) return { revisions: [], allowList: undefined };
    const config = await readable(client, allowList, signal);
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

async function readable<T>(
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
