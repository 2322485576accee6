import type { KubeObject, Workload } from "../../api/objects.ts";
import { isObject } from "../../api/json.ts";
import { labelSelector } from "../../api/meta.ts";
import type { Pod } from "../../api/pod.ts";
import { readAs } from "../../api/read.ts";
import { matchesSelector } from "../../core/select/label_selector.ts";
import { countPods } from "../../core/status/counts.ts";
import type { RestClient } from "../../kube/contract.ts";
import { type Resource, resource, resources } from "../../kube/resources.ts";
import { explain, type PodExplanation, type PodsSummary } from "../explanation.ts";
import { classOf } from "../pod_classes.ts";
import type { OutcomeOptions } from "../pod_outcome.ts";
import { podSubjectOf } from "../pod_targets.ts";
import { explainStored } from "../stored_pod.ts";
import { CliError } from "../terminal.ts";
import { readAll, readIfPresent } from "./reading.ts";

const cronJobs: Resource<Workload> = resource({
  apiVersion: "batch/v1",
  kind: "CronJob",
  plural: "cronjobs",
  namespaced: true,
});

/** The words that kubectl takes for the kinds that have a Pod template, and for Pods. */
const KINDS: readonly { readonly words: readonly string[]; readonly kind: Resource<KubeObject> }[] =
  [
    { words: ["pod", "pods", "po"], kind: resources.pods },
    { words: ["deployment", "deployments", "deploy"], kind: resources.deployments },
    { words: ["statefulset", "statefulsets", "sts"], kind: resources.statefulSets },
    { words: ["daemonset", "daemonsets", "ds"], kind: resources.daemonSets },
    { words: ["replicaset", "replicasets", "rs"], kind: resources.replicaSets },
    { words: ["job", "jobs"], kind: resources.jobs },
    { words: ["cronjob", "cronjobs", "cj"], kind: cronJobs },
  ];

export interface ExplainObjectsOptions extends OutcomeOptions {
  readonly client: RestClient;
  readonly namespace: string;
}

/**
 * Explains Pods and workloads of the cluster.
 *
 * @param name As kubectl takes it: `pod/web-0`, `deploy/web`.
 * @throws {CliError} for a kind that makes no Pods, or an object that is not there.
 */
export async function explainObject(
  name: string,
  options: ExplainObjectsOptions,
): Promise<PodExplanation> {
  const { client, namespace } = options;
  const [word = "", objectName = ""] = name.split("/");
  const kind = KINDS.find(({ words }) => words.includes(word.toLowerCase()))?.kind;
  if (kind === undefined || objectName === "") {
    throw new CliError(
      `Cannot explain ${name}: it must be a Pod or what makes Pods, such as pod/NAME or deploy/NAME`,
    );
  }
  const object = await readIfPresent(client, kind, { namespace, name: objectName });
  if (object === undefined) {
    throw new CliError(
      `Cannot find ${name} in namespace ${namespace}: name another namespace with -n`,
    );
  }
  const { apiVersion } = kind;
  const subject = podSubjectOf({ ...object, apiVersion, kind: kind.kind });
  if (subject === undefined) throw new CliError(`Cannot explain ${name}: it has no Pod template`);
  if (kind === resources.pods) return explainStored(subject, options);
  return { ...explain(subject, options), ...await summary(object, options) };
}

/** The Pods that the workload's own selector selects; a CronJob has none. */
async function summary(
  object: KubeObject & { spec?: unknown },
  options: ExplainObjectsOptions,
): Promise<{ pods?: PodsSummary }> {
  const { client, namespace, cluster } = options;
  const read = readAs(labelSelector, isObject(object.spec) ? object.spec.selector : undefined);
  if (!read.ok) return {};
  const pods: Pod[] = (await readAll(client, resources.pods, { namespace }))
    .filter(({ metadata }) => matchesSelector(read.value, metadata.labels ?? {}));
  const sidecarSets = cluster.sidecarSets.flatMap((prepared) => {
    const counts = countPods(pods.map((pod) => classOf(pod, prepared, cluster)));
    const isConcerned = counts.matchedPods + counts.uninjectedPods > 0;
    return isConcerned ? [{ name: prepared.name, ...counts }] : [];
  });
  return { pods: { total: pods.length, sidecarSets } };
}
