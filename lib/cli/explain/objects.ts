import { isObject } from "../../api/json.ts";
import type { Workload } from "../../api/objects.ts";
import { refusalText } from "../../core/refused/message.ts";
import { missingPods, refusableKind } from "../../core/refused/workload.ts";
import { countPods } from "../../core/status/pod_class.ts";
import type { RestClient } from "../../kube/contract.ts";
import { ifAllowed } from "../../kube/errors.ts";
import { resources } from "../../kube/resources.ts";
import { readFailedCreates } from "../cluster/reading.ts";
import { classOf } from "../pods/classes.ts";
import { blamedFor, outcomeOf, type PodOutcome } from "../pods/outcome.ts";
import { podsOf, recreateCommand, type TopOwnerReader, topOwnerReader } from "../pods/owners.ts";
import { podSubjectOf } from "../pods/targets.ts";
import { injectingCommands, uninjectedGroups } from "../pods/uninjected.ts";
import { CliError } from "../terminal/terminal.ts";
import {
  explain,
  type PodExplanation,
  type PodsSummary,
  type RefusalExplanation,
} from "./explanation.ts";
import { type NamedObject, type Place, readNamed } from "./named_objects.ts";
import { readRecordedPods } from "./recorded_pods.ts";
import { readPodEvents } from "./recorded_sidecarsets.ts";
import { explainStored, type StoredPodOptions } from "./stored_pod.ts";

/**
 * Explains Pods and workloads of the cluster.
 *
 * @param words kubectl-style: `pod/web-0`, `deploy web`, `pods`.
 * @throws {CliError} for a kind without Pods, or an object that does not exist.
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
    const events = options.knowsSidecarSets ? [] : await readPodEvents(subject.pod, options.client);
    return explainStored(subject, { ...options, recreate, events });
  }
  const { client } = options;
  const refusal = await refusalOf(workload, { client, outcome: outcomeOf(subject, options) });
  return {
    ...explain(subject, options),
    ...(options.knowsSidecarSets
      ? await summary(workload, options)
      : await recordedSummary(workload, client)),
    ...(refusal ? { refusal } : {}),
  };
}

/** State of the workload's Pods per SidecarSet; empty for a CronJob, which has no Pods itself. */
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
    const commands = uninjected.length === 0 ? [] : injectingCommands(uninjected, {
      ...{ name, program, isPaused },
      namespace: workload.metadata.namespace,
    });
    return [{ name, ...counts, uninjected, commands }];
  });
  return { pods: { total: pods.length, sidecarSets } };
}

async function recordedSummary(
  workload: Workload,
  client: RestClient,
): Promise<Pick<PodExplanation, "incomplete" | "recordedPods">> {
  const recordedPods = await readRecordedPods(workload, client);
  return { incomplete: true, ...(recordedPods === undefined ? {} : { recordedPods }) };
}

/** The API server's refusal of a workload's Pods; undefined if no Pod is missing or the cause is unknown. */
async function refusalOf(
  workload: Workload,
  { client, outcome }: { client: RestClient; outcome: PodOutcome },
): Promise<RefusalExplanation | undefined> {
  const message = failureOf(workload) ?? await lastRefusal(workload, client);
  if (message === undefined) return undefined;
  const sidecarSets = blamedFor(message, outcome);
  return { message, sidecarSets, ...(sidecarSets.length > 0 ? { reason: "PodRefused" } : {}) };
}

/** A Deployment reports the refusal of its newest ReplicaSet in a condition. */
function failureOf({ kind, status: { conditions } = {} }: Workload): string | undefined {
  if (kind !== "Deployment" || !Array.isArray(conditions)) return undefined;
  const failure: unknown = conditions.find((condition: unknown) =>
    isObject(condition) && condition.type === "ReplicaFailure" && condition.status === "True"
  );
  return isObject(failure) ? refusalText(String(failure.message)) : undefined;
}

async function lastRefusal(workload: Workload, client: RestClient): Promise<string | undefined> {
  const kind = refusableKind(workload);
  if (kind === undefined || missingPods(workload, kind) === 0) return undefined;
  const { uid = "", namespace = "" } = workload.metadata;
  const [last] = await ifAllowed(readFailedCreates(client, { namespace, uid })) ?? [];
  return last?.text;
}
