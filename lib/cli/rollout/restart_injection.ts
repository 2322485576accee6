import type { OwnerReference } from "../../api/meta.ts";
import type { Pod } from "../../api/pod.ts";
import { hasTrait, PodTrait } from "../../core/status/pod_class.ts";
import type { RestClient } from "../../kube/contract.ts";
import { resources } from "../../kube/resources.ts";
import type { Live } from "../live/connection.ts";
import { readLiveCluster } from "../live/live_cluster.ts";
import { readAll, readIfPresent } from "../live/reading.ts";
import { counted, wrapped } from "../output.ts";
import { classOf } from "../pod_classes.ts";
import { CliError } from "../terminal.ts";
import { change, type DryRun } from "./change.ts";

export interface RestartOptions {
  readonly name: string;
  readonly systemNamespace: string;
  readonly dryRun: DryRun;
}

/** What `kubectl rollout restart` writes. */
const RESTARTED_ANNOTATION = "kubectl.kubernetes.io/restartedAt";

const RESTARTABLE = [resources.deployments, resources.statefulSets, resources.daemonSets];

/**
 * Restarts the workloads that have Pods which only a replacement can give the current sidecars.
 *
 * @returns 0, or 1 where there is no such Pod.
 * @throws {CliError} where new Pods would not get the sidecars either.
 */
export async function restartInjectionCommand(
  { name, systemNamespace, dryRun }: RestartOptions,
  live: Live,
): Promise<number> {
  const { terminal, connection: { client } } = live;
  const cluster = await readLiveCluster(client, systemNamespace);
  const prepared = cluster.sidecarSets.find((each) => each.name === name);
  if (prepared === undefined) throw new CliError(`Cannot find SidecarSet ${name}: see status`);
  if (prepared.sidecarSet.spec.injectionStrategy?.paused) {
    throw new CliError(
      `Cannot restart: new Pods do not get SidecarSet ${name}, for its spec.injectionStrategy.paused is true`,
    );
  }
  const lacking = (await readAll(client, resources.pods)).filter((pod) => {
    const podClass = classOf(pod, prepared, cluster);
    return hasTrait(podClass, PodTrait.Uninjected) || hasTrait(podClass, PodTrait.NotUpgradable);
  });
  if (lacking.length === 0) {
    terminal.error(
      `Nothing to do: every Pod that SidecarSet ${name} selects can have its sidecars\n`,
    );
    return 1;
  }
  const { workloads, others } = await byWorkload(lacking, client);
  for (const { resource, ref } of workloads) {
    const annotations = { [RESTARTED_ANNOTATION]: terminal.now().toISOString() };
    const body = { spec: { template: { metadata: { annotations } } } };
    const patch = { ...ref, type: "strategic-merge" as const, body };
    await change(resource, { patch, done: "restarted", dryRun }, live);
  }
  if (others.length > 0) {
    const names = others.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).join(", ");
    const text = `${counted(others.length, "Pod")} to create anew yourself: ${names}`;
    terminal.error(`${wrapped(text, 0).join("\n")}\n`);
  }
  return 0;
}

interface Workload {
  readonly resource: (typeof RESTARTABLE)[number];
  readonly ref: { readonly namespace: string; readonly name: string };
}

/** The workloads that own Pods, directly or by a ReplicaSet, and the Pods that none of them owns. */
async function byWorkload(
  pods: readonly Pod[],
  client: RestClient,
): Promise<{ workloads: readonly Workload[]; others: readonly Pod[] }> {
  const workloads = new Map<string, Workload>();
  const others: Pod[] = [];
  for (const pod of pods) {
    const { namespace = "" } = pod.metadata;
    const owner = await topOwner(pod, client);
    const resource = RESTARTABLE.find(({ kind }) => kind === owner?.kind);
    if (owner === undefined || resource === undefined) others.push(pod);
    else {
      const ref = { namespace, name: owner.name };
      workloads.set(`${owner.kind}/${namespace}/${owner.name}`, { resource, ref });
    }
  }
  return { workloads: [...workloads.values()], others };
}

async function topOwner(pod: Pod, client: RestClient): Promise<OwnerReference | undefined> {
  const owner = controllerOf(pod.metadata);
  if (owner?.kind !== "ReplicaSet") return owner;
  const { namespace = "" } = pod.metadata;
  const ref = { namespace, name: owner.name };
  const replicaSet = await readIfPresent(client, resources.replicaSets, ref);
  return replicaSet ? controllerOf(replicaSet.metadata) ?? owner : owner;
}

function controllerOf(
  { ownerReferences = [] }: Pod["metadata"],
): OwnerReference | undefined {
  return ownerReferences.find(({ controller }) => controller === true);
}
