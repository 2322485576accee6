import { isObject } from "../../api/json.ts";
import { labelSelector, type OwnerReference } from "../../api/meta.ts";
import type { Workload } from "../../api/objects.ts";
import type { Pod } from "../../api/pod.ts";
import { readAs } from "../../api/read.ts";
import { controllerOf } from "../../core/cleanup/eviction.ts";
import { matchesSelector } from "../../core/select/label_selector.ts";
import type { RestClient } from "../../kube/contract.ts";
import { resources } from "../../kube/resources.ts";
import { ifAllowed, readAll } from "../cluster/reading.ts";

/**
 * The Pods of a workload: those that its selector selects and that it or one of its ReplicaSets controls. A Pod of the same labels that
 * another workload or nothing controls is not one of them.
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

/** Knows the workload itself and, for a Deployment, its ReplicaSets; all of them where this user may not read them. */
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
