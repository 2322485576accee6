import type { Container } from "../../api/container.ts";
import { INSTALLATION } from "../../api/names.ts";
import type { Lease, Secret, Workload } from "../../api/objects.ts";
import type { Pod } from "../../api/pod.ts";
import type { WebhookConfiguration } from "../../api/webhook_configuration.ts";
import type { RestClient } from "../../kube/contract.ts";
import { isForbidden, isNotFound } from "../../kube/errors.ts";
import { resources } from "../../kube/resources.ts";
import { excludedNamespacesOf, type ExclusionOptions } from "../cluster/known_cluster.ts";
import { type LiveCluster, readLiveCluster } from "../cluster/live_cluster.ts";
import { readAll, readIfPresent } from "../cluster/reading.ts";
import { settingOf } from "../command_line/options.ts";
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

export interface FactsOptions extends ExclusionOptions {
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
      readDeployment(client, namespace),
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

/** The controller's Deployment. */
export function readDeployment(client: RestClient, namespace: string): Promise<Seen<Workload>> {
  return seen(readIfPresent(client, resources.deployments, { name: INSTALLATION, namespace }));
}

/** The containers of the controller's Deployment, as far as that is known. */
export function deployedContainers(
  { deployment }: Pick<Facts, "deployment">,
): readonly Container[] {
  return podOfDeployment(deployment)?.spec.containers ?? [];
}

/** Whether the controller serves certificates of files, such as those of cert-manager. */
export function servesFiles(facts: Pick<Facts, "deployment">): boolean {
  return deployedContainers(facts).some(({ args }) =>
    Array.isArray(args) && args.some((arg) => String(arg).startsWith("--cert-dir"))
  );
}

function podOfDeployment(deployment: Seen<Workload>): Pod | undefined {
  if (!isKnown(deployment)) return undefined;
  const { apiVersion, kind } = resources.deployments;
  return podSubjectOf({ ...deployment, apiVersion, kind })?.pod;
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

/**
 * The command that applies the installation again with what is known of it: its namespace, image, replicas and certificates. Where nothing
 * is installed, IMAGE stands for the image.
 */
export function installCommand(
  facts: Pick<Facts, "program" | "systemNamespace" | "deployment">,
): string {
  const { program, systemNamespace, deployment } = facts;
  const replicas = isKnown(deployment) ? deployment.spec?.replicas : undefined;
  const pod = podOfDeployment(deployment);
  const [secret] = pod?.spec.imagePullSecrets ?? [];
  const options = [
    ...(systemNamespace === settingOf("namespace") ? [] : [`--namespace ${systemNamespace}`]),
    `--image ${pod?.spec.containers[0]?.image ?? "IMAGE"}`,
    ...(secret?.name === undefined ? [] : [`--image-pull-secret ${secret.name}`]),
    ...(replicas === undefined ? [] : [`--replicas ${replicas}`]),
    ...(servesFiles(facts) ? ["--cert-manager"] : []),
  ];
  return `${program} manifests ${options.join(" ")} | kubectl apply -f -`;
}
