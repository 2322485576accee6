import type {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
} from "../../api/admission_policy.ts";
import type { Container } from "../../api/container.ts";
import { AUTHORITY_SECRET, INSTALLATION } from "../../api/names.ts";
import type { Lease, Secret, Workload } from "../../api/objects.ts";
import type { Pod } from "../../api/pod.ts";
import type { WebhookConfiguration } from "../../api/webhook_configuration.ts";
import type { RestClient } from "../../kube/contract.ts";
import { isForbidden, isNotFound } from "../../kube/errors.ts";
import { resources } from "../../kube/resources.ts";
import { helmOwnerOf } from "../cluster/helm_owner.ts";
import {
  excludedNamespacesOf,
  type ExclusionOptions,
  hasDefaultExclusions,
} from "../cluster/known_cluster.ts";
import { type LiveCluster, readLiveCluster } from "../cluster/live_cluster.ts";
import { readAll, readIfPresent } from "../cluster/reading.ts";
import { namesIn, settingOf } from "../command_line/options.ts";
import { podSubjectOf } from "../pods/targets.ts";

/** An object, or why it is not known. */
type Seen<T> = T | "absent" | "forbidden";

/** Input of the checks. */
export interface Facts {
  readonly client: RestClient;
  readonly systemNamespace: string;
  /** Namespaces excluded by options, without those that only the registration excludes. */
  readonly excludedNamespaces: readonly string[];
  readonly now: Date;
  /** Name of the call: `sidecarset` or `kubectl sidecarset`. */
  readonly program: string;
  /** `absent` if the API server does not serve SidecarSets. */
  readonly cluster: Seen<LiveCluster>;
  readonly pods: Seen<readonly Pod[]>;
  readonly mutating: Seen<WebhookConfiguration>;
  readonly validating: Seen<WebhookConfiguration>;
  readonly policy: Seen<MutatingAdmissionPolicy>;
  readonly policyBinding: Seen<MutatingAdmissionPolicyBinding>;
  readonly lease: Seen<Lease>;
  readonly deployment: Seen<Workload>;
  /** Contains the webhook's certificate authority. */
  readonly authority: Seen<Secret>;
  /** Contains the webhook's certificate from cert-manager. */
  readonly certificate: Seen<Secret>;
}

/** Whether the object is readable and exists. */
export function isKnown<T extends object>(seen: Seen<T>): seen is T {
  return typeof seen === "object";
}

export const UNKNOWN_CLUSTER = "this user may not list both SidecarSets and namespaces";
export const UNKNOWN_PODS = "this user may not list Pods";

interface FactsOptions extends ExclusionOptions {
  readonly now: Date;
  readonly program: string;
}

/** Name of the Secret that cert-manager keeps the webhook's certificate in. */
const CERTIFICATE_SECRET = "sidecarset-webhook-tls";

/** Reads the input of all checks. */
export async function readFacts(
  client: RestClient,
  options: FactsOptions,
): Promise<Facts> {
  const { systemNamespace: namespace, now, program } = options;
  const name = INSTALLATION;
  const secret = (name: string) =>
    seen(readIfPresent(client, resources.secrets, { name, namespace }));
  const [
    cluster,
    pods,
    mutating,
    validating,
    policy,
    policyBinding,
    lease,
    deployment,
    authority,
    certificate,
  ] = await Promise.all([
    seen(readLiveCluster(client, namespace)),
    seen(readAll(client, resources.pods)),
    seen(readIfPresent(client, resources.mutatingWebhookConfigurations, { name })),
    seen(readIfPresent(client, resources.validatingWebhookConfigurations, { name })),
    seen(readIfPresent(client, resources.mutatingAdmissionPolicies, { name })),
    seen(readIfPresent(client, resources.mutatingAdmissionPolicyBindings, { name })),
    seen(readIfPresent(client, resources.leases, { name, namespace })),
    readDeployment(client, namespace),
    secret(AUTHORITY_SECRET),
    secret(CERTIFICATE_SECRET),
  ]);
  return {
    client,
    systemNamespace: namespace,
    excludedNamespaces: excludedNamespacesOf(withDeployedExclusions(options, deployment), []),
    now,
    program,
    cluster,
    pods,
    mutating,
    validating,
    policy,
    policyBinding,
    lease,
    deployment,
    authority,
    certificate,
  };
}

/** Advice with the command that prints the end of the controller's log, unless it runs outside the cluster. */
export function withLog(
  advice: string,
  { deployment, systemNamespace }: Pick<Facts, "deployment" | "systemNamespace">,
): [advice: string, ...commands: string[]] {
  if (deployment === "absent") return [advice];
  return [`${advice}:`, `kubectl -n ${systemNamespace} logs deployment/${INSTALLATION} --tail 20`];
}

/** The controller's Deployment. */
export function readDeployment(client: RestClient, namespace: string): Promise<Seen<Workload>> {
  return seen(readIfPresent(client, resources.deployments, { name: INSTALLATION, namespace }));
}

/** Containers of the controller's Deployment; empty if it is not known. */
export function deployedContainers(
  { deployment }: Pick<Facts, "deployment">,
): readonly Container[] {
  return podOfDeployment(deployment)?.spec.containers ?? [];
}

/** Whether the controller reads its certificate from files, such as those of cert-manager. */
export function servesFiles(facts: Pick<Facts, "deployment">): boolean {
  return deployedArguments(facts).some((argument) => argument.startsWith("--cert-dir"));
}

/** Namespace in which the controller looks for OpenKruise. */
export function openKruiseNamespaceOf(facts: Pick<Facts, "deployment">): string {
  return deployedFlag(facts, "--openkruise-namespace") ?? settingOf("openKruiseNamespace");
}

/** Value of a flag in the Deployment; undefined if it has none, or is not known. */
function deployedFlag(facts: Pick<Facts, "deployment">, flag: string): string | undefined {
  const args = deployedArguments(facts);
  const joined = args.find((arg) => arg.startsWith(`${flag}=`))?.slice(flag.length + 1);
  return joined ?? (args.includes(flag) ? args[args.indexOf(flag) + 1] : undefined);
}

/** The options with the namespaces that the Deployment excludes, if the user has given no others. */
function withDeployedExclusions<T extends ExclusionOptions>(
  options: T,
  deployment: Seen<Workload>,
): T {
  const deployed = deployedFlag({ deployment }, "--exclude-namespaces");
  if (deployed === undefined || !hasDefaultExclusions(options)) return options;
  return { ...options, excludeNamespaces: namesIn(deployed) };
}

function deployedArguments(facts: Pick<Facts, "deployment">): readonly string[] {
  return deployedContainers(facts).flatMap(({ args }) => Array.isArray(args) ? args : [])
    .map(String);
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
 * The command that applies the installation again: the manifests of its Helm release, or those of the program with its
 * namespace, image, replicas and certificates. Contains the placeholder IMAGE if nothing is installed.
 */
export function installCommand(
  facts: Pick<Facts, "program" | "systemNamespace" | "deployment">,
): string {
  const { program, systemNamespace, deployment } = facts;
  const release = isKnown(deployment) ? helmOwnerOf(deployment.metadata) : undefined;
  if (release !== undefined) {
    return `helm get manifest ${release.name} -n ${release.namespace} | ` +
      "kubectl apply --server-side --force-conflicts --field-manager helm -f -";
  }
  // A Deployment that is scaled to 0 gets the default.
  const replicas = (isKnown(deployment) && deployment.spec?.replicas) || undefined;
  const openKruise = openKruiseNamespaceOf(facts);
  const pod = podOfDeployment(deployment);
  const [secret] = pod?.spec.imagePullSecrets ?? [];
  const options = [
    ...(systemNamespace === settingOf("namespace") ? [] : [`--namespace ${systemNamespace}`]),
    `--image ${pod?.spec.containers[0]?.image ?? "IMAGE"}`,
    ...(secret?.name === undefined ? [] : [`--image-pull-secret ${secret.name}`]),
    ...(replicas === undefined ? [] : [`--replicas ${replicas}`]),
    ...(servesFiles(facts) ? ["--cert-manager"] : []),
    ...(openKruise === settingOf("openKruiseNamespace")
      ? []
      : [`--openkruise --openkruise-namespace ${openKruise}`]),
  ];
  return `${program} manifests ${options.join(" ")} | kubectl apply -f -`;
}
