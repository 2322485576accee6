import { isObject } from "../api/json.ts";
import { GROUP, PLURAL } from "../api/names.ts";
import type { KubeObject } from "../api/objects.ts";
import { injectedSidecarSets } from "../core/annotations/injected_list.ts";
import type { RestClient } from "../kube/contract.ts";
import { isNotFound } from "../kube/errors.ts";
import { remove } from "../kube/requests.ts";
import { type Resource, resource, resources } from "../kube/resources.ts";
import { send } from "../kube/send.ts";
import { INSTALLATION } from "../runtime/control.ts";
import type { ClusterOptions, Live } from "./live/connection.ts";
import { installationObjects } from "./installation.ts";
import { ifAllowed, readAll, readIfPresent } from "./live/reading.ts";
import { counted, table } from "./output.ts";

export interface UninstallOptions extends ClusterOptions {
  readonly dryRun: "none" | "client" | "server";
  /** The controller's own. */
  readonly systemNamespace: string;
}

/** One object to remove. */
interface Doomed {
  readonly resource: Resource<KubeObject>;
  readonly name: string;
  readonly namespace?: string;
}

/** How long the controller may take to end, in milliseconds. */
const END_DEADLINE = 60_000;

/**
 * Removes an installation, its registration first.
 *
 * @returns 0.
 */
export async function uninstallCommand(
  { dryRun, systemNamespace }: UninstallOptions,
  live: Live,
): Promise<number> {
  const { connection: { client } } = live;
  const registration: Doomed[] = [
    resources.mutatingWebhookConfigurations,
    resources.validatingWebhookConfigurations,
  ].map((resource) => ({ resource, name: INSTALLATION }));
  const { controller, others } = installed(systemNamespace);
  const options = { dryRun, live };
  for (const each of [...registration, ...controller]) await removeOne(each, options);
  if (dryRun === "none") await untilEnded(systemNamespace, live);
  // The controller may have written it again before it ended.
  for (const each of [...registration, ...others]) await removeOne(each, options);
  await showRest(client, { systemNamespace, live });
  return 0;
}

/** Kinds that hold what users have made, and so stay. */
const KEPT = new Set(["Namespace", "CustomResourceDefinition"]);

function installed(namespace: string): { controller: Doomed[]; others: Doomed[] } {
  const objects = installationObjects({ namespace, certManager: true, prometheusOperator: true })
    .filter(({ kind }) => !KEPT.has(String(kind)))
    .map(doomedOf);
  const isController = ({ resource: { kind } }: Doomed) => kind === "Deployment";
  return {
    controller: objects.filter(isController),
    others: objects.filter((each) => !isController(each)),
  };
}

function doomedOf({ apiVersion, kind, metadata }: Record<string, unknown>): Doomed {
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
  { resource, name, namespace }: Doomed,
  { dryRun, live: { terminal, connection: { client } } }: {
    dryRun: UninstallOptions["dryRun"];
    live: Live;
  },
): Promise<void> {
  const ref = namespace === undefined ? { name } : { name, namespace };
  if (await readIfPresent(client, resource, ref) === undefined) return;
  if (dryRun !== "client") {
    try {
      await send(client, remove(resource, { ...ref, dryRun: dryRun === "server" }));
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
  const note = dryRun === "none" ? "" : dryRun === "client" ? " (dry run)" : " (server dry run)";
  terminal.write(`${resource.kind.toLowerCase()}/${name} deleted${note}\n`);
}

async function untilEnded(namespace: string, { terminal, connection }: Live): Promise<void> {
  const labelSelector = `app.kubernetes.io/name=${INSTALLATION}`;
  const deadline = terminal.now().getTime() + END_DEADLINE;
  await terminal.interruptible(async (signal) => {
    while (!signal.aborted && terminal.now().getTime() < deadline) {
      const pods = await readAll(connection.client, resources.pods, { namespace, labelSelector });
      if (pods.length === 0) return;
      await terminal.sleep(500, signal);
    }
  });
}

/** Lists what was not removed, with what removes it. */
async function showRest(
  client: RestClient,
  { systemNamespace, live: { terminal } }: { systemNamespace: string; live: Live },
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
    ...(injected.length > 0
      ? [[`${counted(injected.length, "Pod")} with sidecars`, "create them anew, when it suits"]]
      : []),
    ...(sidecarSets
      ? [[
        `${counted(sidecarSets.length, "SidecarSet")} and their kind`,
        `kubectl delete crd ${crd}`,
      ]]
      : []),
    ...(namespace
      ? [[`namespace ${systemNamespace}`, `kubectl delete namespace ${systemNamespace}`]]
      : []),
  ];
  if (rows.length === 0) terminal.write("Nothing is left.\n");
  else terminal.write(`\n${table([["LEFT", "REMOVED BY"], ...rows]).join("\n")}\n`);
}
