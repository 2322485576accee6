import type { Container } from "../../api/container.ts";
import type { Lease, Secret, Workload } from "../../api/objects.ts";
import type { Pod } from "../../api/pod.ts";
import type { WebhookConfiguration } from "../../api/webhook_configuration.ts";
import type { RestClient } from "../../kube/contract.ts";
import { isForbidden, isNotFound } from "../../kube/errors.ts";
import { resources } from "../../kube/resources.ts";
import { INSTALLATION } from "../../runtime/control.ts";
import { type LiveCluster, readLiveCluster } from "../cluster/live_cluster.ts";
import { readAll, readIfPresent } from "../cluster/reading.ts";
import { excludedNamespacesOf, type SurroundingsOptions } from "../cluster/surroundings.ts";
import { podSubjectOf } from "../pods/targets.ts";

/** An object, that there is none, or that this user may not know. */
export type Seen<T> = T | "absent" | "forbidden";

/** What the checks look at. */
export interface Facts {
  readonly client: RestClient;
  readonly systemNamespace: string;
  /** As the controller is told, without those that only the registration excludes. */
  readonly excludedNamespaces: readonly string[];
  readonly now: Date;
  /** What a person types to run the program. */
  readonly program: string;
  /** Absent where the API server does not know SidecarSets. */
  readonly cluster: Seen<LiveCluster>;
  readonly pods: Seen<readonly Pod[]>;
  readonly mutating: Seen<WebhookConfiguration>;
  readonly validating: Seen<WebhookConfiguration>;
  readonly lease: Seen<Lease>;
  readonly deployment: Seen<Workload>;
  /** With the webhook's certificate authority. */
  readonly authority: Seen<Secret>;
  /** With the webhook's certificate, where cert-manager makes it. */
  readonly certificate: Seen<Secret>;
}

/** Whether this user may know it and it is there. */
export function isKnown<T extends object>(seen: Seen<T>): seen is T {
  return typeof seen === "object";
}

export const UNKNOWN_CLUSTER = "this user may not list SidecarSets and namespaces";
export const UNKNOWN_PODS = "this user may not list Pods";

export interface FactsOptions extends SurroundingsOptions {
  readonly now: Date;
  readonly program: string;
}

/** Name of the Secret that the controller keeps its certificate authority in. */
const AUTHORITY_SECRET = "sidecarset-webhook-ca";
/** Name of the Secret that cert-manager keeps the webhook's certificate in. */
const CERTIFICATE_SECRET = "sidecarset-webhook-tls";

/** Reads it all. */
export async function readFacts(
  client: RestClient,
  options: FactsOptions,
): Promise<Facts> {
  const { systemNamespace: namespace, now, program } = options;
  const name = INSTALLATION;
  const secret = (name: string) =>
    seen(readIfPresent(client, resources.secrets, { name, namespace }));
  const [cluster, pods, mutating, validating, lease, deployment, authority, certificate] =
    await Promise.all([
      seen(readLiveCluster(client, namespace)),
      seen(readAll(client, resources.pods)),
      seen(readIfPresent(client, resources.mutatingWebhookConfigurations, { name })),
      seen(readIfPresent(client, resources.validatingWebhookConfigurations, { name })),
      seen(readIfPresent(client, resources.leases, { name, namespace })),
      seen(readIfPresent(client, resources.deployments, { name, namespace })),
      secret(AUTHORITY_SECRET),
      secret(CERTIFICATE_SECRET),
    ]);
  return {
    client,
    systemNamespace: namespace,
    excludedNamespaces: excludedNamespacesOf(options, []),
    now,
    program,
    cluster,
    pods,
    mutating,
    validating,
    lease,
    deployment,
    authority,
    certificate,
  };
}

/** The containers of the controller's Deployment, as far as that is known. */
export function deployedContainers({ deployment }: Facts): readonly Container[] {
  if (deployment === "absent" || deployment === "forbidden") return [];
  const { apiVersion, kind } = resources.deployments;
  return podSubjectOf({ ...deployment, apiVersion, kind })?.pod.spec.containers ?? [];
}

async function seen<T>(answer: Promise<T | undefined>): Promise<Seen<T>> {
  try {
    return await answer ?? "absent";
  } catch (error) {
    if (isForbidden(error)) return "forbidden";
    if (isNotFound(error)) return "absent";
    throw error;
  }
}
