import { isObject } from "../../api/json.ts";
import { labelSelector, type OwnerReference } from "../../api/meta.ts";
import type { Workload } from "../../api/objects.ts";
import type { Pod } from "../../api/pod.ts";
import { readAs } from "../../api/read.ts";
import { controllerOf } from "../../core/cleanup/eviction.ts";
import { matchesSelector } from "../../core/select/label_selector.ts";
import type { RestClient } from "../../kube/contract.ts";
import { ifAllowed } from "../../kube/errors.ts";
import { resources } from "../../kube/resources.ts";
import { readAll, readIfPresent } from "../cluster/reading.ts";

/** Kinds that `kubectl rollout restart` supports. */
export const RESTARTABLE = [
  resources.deployments,
  resources.statefulSets,
  resources.daemonSets,
] as const;

/** Reads the top-level workload of a Pod: the Deployment of its ReplicaSet, or its controller. */
export type TopOwnerReader = (pod: Pod) => Promise<OwnerReference | undefined>;

/** Creates a reader that caches ReplicaSets. A ReplicaSet that this user may not read is returned itself. */
export function topOwnerReader(client: RestClient): TopOwnerReader {
  const known = new Map<string, OwnerReference>();
  return async (pod) => {
    const owner = controllerOf(pod);
    if (owner?.kind !== "ReplicaSet") return owner;
    const { namespace = "" } = pod.metadata;
    const key = `${namespace}/${owner.name}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    const ref = { namespace, name: owner.name };
    const replicaSet = await ifAllowed(readIfPresent(client, resources.replicaSets, ref));
    const top = (replicaSet && controllerOf(replicaSet)) ?? owner;
    known.set(key, top);
    return top;
  };
}

/** The command that recreates a Pod: a restart of its workload if kubectl supports it, else a deletion. */
export function recreateCommand(
  { metadata: { name = "", namespace = "default" } }: Pod,
  owner: OwnerReference | undefined,
): string {
  const isRestartable = RESTARTABLE.some(({ kind }) => kind === owner?.kind);
  return owner !== undefined && isRestartable
    ? `kubectl rollout restart ${owner.kind.toLowerCase()}/${owner.name} -n ${namespace}`
    : `kubectl delete pod ${name} -n ${namespace}`;
}

/**
 * The Pods of a workload: those that its selector matches and that the workload or one of its ReplicaSets controls.
 *
 * @returns undefined for a workload without a selector of Pods, such as a CronJob.
 */
export async function podsOf(workload: Workload, client: RestClient): Promise<Pod[] | undefined> {
  const read = readAs(labelSelector, isObject(workload.spec) ? workload.spec.selector : undefined);
  if (!read.ok) return undefined;
  const { namespace = "default" } = workload.metadata;
  const [pods, isOwner] = await Promise.all([
    readAll(client, resources.pods, { namespace }),
    ownerTest(workload, client),
  ]);
  return pods.filter((pod) => {
    const owner = controllerOf(pod);
    return owner !== undefined && isOwner(owner) &&
      matchesSelector(read.value, pod.metadata.labels ?? {});
  });
}

/** Tests for the workload itself and, for a Deployment, its ReplicaSets; any ReplicaSet without permission. */
async function ownerTest(
  { kind, metadata: { uid, namespace = "default" } }: Workload,
  client: RestClient,
): Promise<(owner: OwnerReference) => boolean> {
  if (kind !== "Deployment") return (owner) => owner.uid === uid;
  const replicaSets = await ifAllowed(readAll(client, resources.replicaSets, { namespace }));
  if (replicaSets === undefined) return (owner) => owner.kind === "ReplicaSet";
  const own = replicaSets.filter((each) => controllerOf(each)?.uid === uid);
  const uids = new Set(own.map(({ metadata }) => metadata.uid));
  return (owner) => uids.has(owner.uid);
}
