import { isObject } from "../../api/json.ts";
import { GROUP, INSTALLATION, PLURAL, POLICY_PROBE } from "../../api/names.ts";
import type { KubeObject } from "../../api/objects.ts";
import { injectedSidecarSets } from "../../core/annotations/injected_list.ts";
import type { RestClient } from "../../kube/contract.ts";
import { ifAllowed, isNotFound } from "../../kube/errors.ts";
import { remove } from "../../kube/requests.ts";
import { type Resource, resource, resources } from "../../kube/resources.ts";
import { send } from "../../kube/response.ts";
import type { ClusterOptions, Live } from "../cluster/connection.ts";
import { type HelmOwner, helmOwnerOf } from "../cluster/helm_owner.ts";
import { readAll, readIfPresent } from "../cluster/reading.ts";
import { type DryRun, dryRunNote, settingOf } from "../command_line/options.ts";
import { ALL_COMPONENTS, objectsBesideDefinition } from "../manifests/installation.ts";
import { counted, table } from "../terminal/output.ts";
import { untilEnded } from "./ending.ts";

/** Flags of `sidecarset uninstall`, as the command line gives them. */
export interface UninstallOptions extends ClusterOptions {
  readonly dryRun: DryRun;
  /** The controller's own. */
  readonly systemNamespace: string;
}

/** An object to remove. */
interface Removal {
  readonly resource: Resource<KubeObject>;
  readonly name: string;
  readonly namespace?: string;
}

/**
 * Removes an installation, the webhook registration and the injection policy first.
 *
 * @returns 0; 1 if a controller is still running; 130 if interrupted.
 */
export async function uninstallCommand(
  { dryRun, systemNamespace }: UninstallOptions,
  live: Live,
): Promise<number> {
  const { terminal, connection: { client, now } } = live;
  const registration: Removal[] = [
    resources.mutatingWebhookConfigurations,
    resources.validatingWebhookConfigurations,
    ...POLICIES,
  ].map((resource) => ({ resource, name: INSTALLATION }));
  registration.push(...POLICIES.map((resource) => ({ resource, name: POLICY_PROBE })));
  const { controller, others } = installed(systemNamespace);
  const release = await helmRelease(client, systemNamespace);
  const reported = new Set<Removal>();
  const removeAll = async (removal: readonly Removal[]) => {
    for (const each of removal) await removeOne(each, { dryRun, reported, live });
  };
  await removeAll([...registration, ...controller]);
  if (dryRun === "none") {
    const ending = await untilEnded(client, {
      namespace: systemNamespace,
      terminal,
      now,
      // A terminating controller can write the registration again, which nothing would serve then.
      onPoll: () => removeAll(registration),
    });
    if (ending === "interrupted") return 130;
    if (ending !== "ended") {
      // The registration, which has the namespace, is deleted by now.
      const again = systemNamespace === settingOf("namespace")
        ? "run the command again"
        : `run it again with --system-namespace ${systemNamespace}`;
      terminal.error(`Cannot remove the rest: ${ending}. Stop it, then ${again}\n`);
      return 1;
    }
  }
  await removeAll(others);
  await listRemaining(client, { systemNamespace, release, live });
  return 0;
}

/** The Helm release of the controller's Deployment. */
async function helmRelease(
  client: RestClient,
  namespace: string,
): Promise<HelmOwner | undefined> {
  const ref = { name: INSTALLATION, namespace };
  const deployment = await readIfPresent(client, resources.deployments, ref);
  return deployment && helmOwnerOf(deployment.metadata);
}

/** By them API servers inject without the controller. */
const POLICIES: readonly Resource<KubeObject>[] = [
  resources.mutatingAdmissionPolicyBindings,
  resources.mutatingAdmissionPolicies,
];

/** All objects except the CustomResourceDefinition and the namespace, which contain user data. */
function installed(namespace: string): { controller: Removal[]; others: Removal[] } {
  const objects = objectsBesideDefinition({ namespace, ...ALL_COMPONENTS })
    .filter(({ kind }) => kind !== "Namespace")
    .map(removalOf);
  const isController = ({ resource: { kind } }: Removal) => kind === "Deployment";
  return {
    controller: objects.filter(isController),
    others: objects.filter((each) => !isController(each)),
  };
}

function removalOf({ apiVersion, kind, metadata }: Record<string, unknown>): Removal {
  const { name, namespace } = isObject(metadata) ? metadata : {};
  const plural = `${String(kind).toLowerCase()}s`.replace(/ys$/, "ies");
  return {
    resource: resource({
      apiVersion: String(apiVersion),
      kind: String(kind),
      plural,
      namespaced: typeof namespace === "string",
    }),
    name: String(name),
    ...(typeof namespace === "string" ? { namespace } : {}),
  };
}

async function removeOne(
  removal: Removal,
  { dryRun, reported, live: { terminal, connection: { client } } }: {
    dryRun: DryRun;
    /** Objects that are already reported as deleted. */
    reported: Set<Removal>;
    live: Live;
  },
): Promise<void> {
  const { resource, name, namespace } = removal;
  const ref = namespace === undefined ? { name } : { name, namespace };
  if (await readIfPresent(client, resource, ref) === undefined) return;
  if (dryRun !== "client") {
    try {
      await send(client, remove(resource, { ...ref, dryRun: dryRun === "server" }));
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
  if (reported.has(removal)) return;
  reported.add(removal);
  terminal.write(`${resource.kind.toLowerCase()}/${name} deleted${dryRunNote(dryRun)}\n`);
}

/** Lists the remaining objects with the commands that remove them. */
async function listRemaining(
  client: RestClient,
  { systemNamespace, release, live: { terminal } }: {
    systemNamespace: string;
    release: HelmOwner | undefined;
    live: Live;
  },
): Promise<void> {
  const crd = `${PLURAL}.${GROUP}`;
  const [sidecarSets, pods, namespace] = await Promise.all([
    readIfPresent(client, resources.customResourceDefinitions, { name: crd }).then((found) =>
      found ? readAll(client, resources.sidecarSets) : undefined
    ),
    ifAllowed(readAll(client, resources.pods)),
    readIfPresent(client, resources.namespaces, { name: systemNamespace }),
  ]);
  const injected = (pods ?? []).filter((pod) => injectedSidecarSets(pod).length > 0);
  const rows = [
    ...(release
      ? [[
        `Helm release ${release.name}`,
        `helm uninstall ${release.name} -n ${release.namespace}`,
      ]]
      : []),
    ...(injected.length > 0
      ? [[
        `${counted(injected.length, "Pod")} with sidecars`,
        "kubectl rollout restart of their workloads",
      ]]
      : []),
    ...(sidecarSets
      ? [[
        `${counted(sidecarSets.length, "SidecarSet")} and the CustomResourceDefinition`,
        `kubectl delete crd ${crd}`,
      ]]
      : []),
    ...(namespace
      ? [[`namespace ${systemNamespace}`, `kubectl delete namespace ${systemNamespace}`]]
      : []),
  ];
  if (rows.length === 0) terminal.write("Nothing remains.\n");
  else terminal.write(`\n${table([["REMAINS", "REMOVE WITH"], ...rows]).join("\n")}\n`);
}
