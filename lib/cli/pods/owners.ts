import type { OwnerReference } from "../../api/meta.ts";
import type { Pod } from "../../api/pod.ts";
import { controllerOf } from "../../core/cleanup/eviction.ts";
import type { RestClient } from "../../kube/contract.ts";
import { resources } from "../../kube/resources.ts";
import { ifAllowed, readIfPresent } from "../cluster/reading.ts";

/** The kinds that `kubectl rollout restart` restarts. */
export const RESTARTABLE = [
  resources.deployments,
  resources.statefulSets,
  resources.daemonSets,
] as const;

/** Reads which workload a Pod belongs to in the end: the Deployment of its ReplicaSet, or else its controller. */
export type TopOwnerReader = (pod: Pod) => Promise<OwnerReference | undefined>;

/** A reader that reads each ReplicaSet once. Where this user may not read it, it stands for its Deployment. */
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

/** The command that recreates a Pod: a restart of its workload where kubectl can do that, or else its deletion. */
export function recreateCommand(
  { metadata: { name = "", namespace = "default" } }: Pod,
  owner: OwnerReference | undefined,
): string {
  const isRestartable = RESTARTABLE.some(({ kind }) => kind === owner?.kind);
  return owner !== undefined && isRestartable
    ? `kubectl rollout restart ${owner.kind.toLowerCase()}/${owner.name} -n ${namespace}`
    : `kubectl delete pod ${name} -n ${namespace}`;
}
