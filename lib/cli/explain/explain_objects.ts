import { isObject } from "../../api/json.ts";
import { labelSelector } from "../../api/meta.ts";
import type { KubeObject } from "../../api/objects.ts";
import type { Pod } from "../../api/pod.ts";
import { readAs } from "../../api/read.ts";
import { matchesSelector } from "../../core/select/label_selector.ts";
import { countPods } from "../../core/status/counts.ts";
import { resources } from "../../kube/resources.ts";
import { readAll } from "../cluster/reading.ts";
import { classOf } from "../pods/classes.ts";
import { outcomeOf } from "../pods/outcome.ts";
import { podSubjectOf } from "../pods/targets.ts";
import { CliError } from "../terminal/terminal.ts";
import { explain, type PodExplanation, type PodsSummary } from "./explanation.ts";
import { type NamedObject, type Place, readNamed } from "./named_objects.ts";
import { refusalOf } from "./refusal.ts";
import { explainStored, type StoredPodOptions } from "./stored_pod.ts";

/**
 * Explains Pods and workloads of the cluster.
 *
 * @param words As kubectl takes them: `pod/web-0`, `deploy web`, `pods`.
 * @throws {CliError} for a kind that makes no Pods, or an object that is not there.
 */
export async function explainObjects(
  words: readonly string[],
  options: StoredPodOptions & Place,
): Promise<PodExplanation[]> {
  const explanations = [];
  for (const each of await readNamed(words, options)) {
    explanations.push(await explainOne(each, options));
  }
  return explanations;
}

async function explainOne(
  { kind, object }: NamedObject,
  options: StoredPodOptions & Place,
): Promise<PodExplanation> {
  const workload = { ...object, apiVersion: kind.apiVersion, kind: kind.kind };
  const subject = podSubjectOf(workload);
  if (subject === undefined) {
    const name = `${kind.kind.toLowerCase()}/${object.metadata.name}`;
    throw new CliError(`Cannot explain ${name}: it has no Pod template`);
  }
  if (kind === resources.pods) return explainStored(subject, options);
  const { client } = options;
  const refusal = await refusalOf(workload, { client, outcome: outcomeOf(subject, options) });
  return {
    ...explain(subject, options),
    ...await summary(object, options),
    ...(refusal ? { refusal } : {}),
  };
}

/** The Pods that the workload's own selector selects; a CronJob has none. */
async function summary(
  object: KubeObject & { spec?: unknown },
  { client, cluster }: StoredPodOptions & Place,
): Promise<{ pods?: PodsSummary }> {
  const read = readAs(labelSelector, isObject(object.spec) ? object.spec.selector : undefined);
  if (!read.ok) return {};
  const { namespace = "default" } = object.metadata;
  const pods: Pod[] = (await readAll(client, resources.pods, { namespace }))
    .filter(({ metadata }) => matchesSelector(read.value, metadata.labels ?? {}));
  const sidecarSets = cluster.sidecarSets.flatMap((prepared) => {
    const counts = countPods(pods.map((pod) => classOf(pod, prepared, cluster)));
    const isConcerned = counts.matchedPods + counts.uninjectedPods > 0;
    return isConcerned ? [{ name: prepared.name, ...counts }] : [];
  });
  return { pods: { total: pods.length, sidecarSets } };
}
