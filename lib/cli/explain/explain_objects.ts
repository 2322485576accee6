import type { Workload } from "../../api/objects.ts";
import { countPods } from "../../core/status/counts.ts";
import { resources } from "../../kube/resources.ts";
import { classOf } from "../pods/classes.ts";
import { outcomeOf } from "../pods/outcome.ts";
import { recreateCommand, type TopOwnerReader, topOwnerReader } from "../pods/owners.ts";
import { podSubjectOf } from "../pods/targets.ts";
import { injectingCommands, uninjectedGroups } from "../pods/uninjected.ts";
import { podsOf } from "../pods/workload_pods.ts";
import { CliError } from "../terminal/terminal.ts";
import { explain, type PodExplanation, type PodsSummary } from "./explanation.ts";
import { type NamedObject, type Place, readNamed } from "./named_objects.ts";
import { refusalOf } from "./refused.ts";
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
  const topOwner = topOwnerReader(options.client);
  for (const each of await readNamed(words, options)) {
    explanations.push(await explainOne(each, { ...options, topOwner }));
  }
  return explanations;
}

async function explainOne(
  { kind, object }: NamedObject,
  options: StoredPodOptions & Place & { topOwner: TopOwnerReader },
): Promise<PodExplanation> {
  const workload = { ...object, apiVersion: kind.apiVersion, kind: kind.kind };
  const subject = podSubjectOf(workload);
  if (subject === undefined) {
    const name = `${kind.kind.toLowerCase()}/${object.metadata.name}`;
    throw new CliError(`Cannot explain ${name}: it has no Pod template`);
  }
  if (kind === resources.pods) {
    const recreate = recreateCommand(subject.pod, await options.topOwner(subject.pod));
    return explainStored(subject, { ...options, recreate });
  }
  const { client } = options;
  const refusal = await refusalOf(workload, { client, outcome: outcomeOf(subject, options) });
  return {
    ...explain(subject, options),
    ...await summary(workload, options),
    ...(refusal ? { refusal } : {}),
  };
}

/** The Pods of the workload, by SidecarSet; a CronJob has none itself. */
async function summary(
  workload: Workload,
  options: StoredPodOptions & Place,
): Promise<{ pods?: PodsSummary }> {
  const { client, cluster, program } = options;
  const pods = await podsOf(workload, client);
  if (pods === undefined) return {};
  const sidecarSets = cluster.sidecarSets.flatMap((prepared) => {
    const counts = countPods(pods.map((pod) => classOf(pod, prepared, cluster)));
    if (counts.matchedPods + counts.uninjectedPods === 0) return [];
    const { name } = prepared;
    const uninjected = uninjectedGroups(pods, prepared, options);
    const isPaused = prepared.sidecarSet.spec.injectionStrategy?.paused === true;
    const commands = uninjected.length === 0
      ? []
      : injectingCommands(uninjected, { name, program, isPaused });
    return [{ name, ...counts, uninjected, commands }];
  });
  return { pods: { total: pods.length, sidecarSets } };
}
