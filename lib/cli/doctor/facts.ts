import type { Lease, Secret, Workload } from "../../api/objects.ts";
import type { Pod } from "../../api/pod.ts";
import type { WebhookConfiguration } from "../../api/webhook_configuration.ts";
import type { RestClient } from "../../kube/contract.ts";
import { isForbidden } from "../../kube/errors.ts";
import { resources } from "../../kube/resources.ts";
import { INSTALLATION } from "../../runtime/control.ts";
import { type LiveCluster, readLiveCluster } from "../live/live_cluster.ts";
import { readAll, readIfPresent } from "../live/reading.ts";

/** An object, that there is none, or that this user may not know. */
export type Seen<T> = T | "absent" | "forbidden";

/** What the checks look at. */
export interface Facts {
  readonly client: RestClient;
  readonly systemNamespace: string;
  readonly excludedNamespaces: readonly string[];
  readonly now: Date;
  readonly cluster: LiveCluster;
  readonly pods: readonly Pod[];
  readonly mutating: Seen<WebhookConfiguration>;
  readonly validating: Seen<WebhookConfiguration>;
  readonly lease: Seen<Lease>;
  readonly deployment: Seen<Workload>;
  /** With the webhook's certificate authority. */
  readonly authority: Seen<Secret>;
}

export interface FactsOptions {
  readonly systemNamespace: string;
  readonly excludeNamespaces: readonly string[];
  readonly now: Date;
}

/** Name of the Secret that the controller keeps its certificate authority in. */
const AUTHORITY_SECRET = "sidecarset-webhook-ca";

/** Reads it all; rejects where not even SidecarSets, namespaces and Pods may be read. */
export async function readFacts(
  client: RestClient,
  { systemNamespace: namespace, excludeNamespaces, now }: FactsOptions,
): Promise<Facts> {
  const name = INSTALLATION;
  const [cluster, pods, mutating, validating, lease, deployment, authority] = await Promise.all([
    readLiveCluster(client, namespace),
    readAll(client, resources.pods),
    seen(readIfPresent(client, resources.mutatingWebhookConfigurations, { name })),
    seen(readIfPresent(client, resources.validatingWebhookConfigurations, { name })),
    seen(readIfPresent(client, resources.leases, { name, namespace })),
    seen(readIfPresent(client, resources.deployments, { name, namespace })),
    seen(readIfPresent(client, resources.secrets, { name: AUTHORITY_SECRET, namespace })),
  ]);
  return {
    client,
    systemNamespace: namespace,
    excludedNamespaces: [...new Set([...excludeNamespaces, namespace])],
    now,
    cluster,
    pods,
    mutating,
    validating,
    lease,
    deployment,
    authority,
  };
}

async function seen<T>(answer: Promise<T | undefined>): Promise<Seen<T>> {
  try {
    return await answer ?? "absent";
  } catch (error) {
    if (isForbidden(error)) return "forbidden";
    throw error;
  }
}
