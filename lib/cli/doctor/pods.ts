import { isInjectedBy } from "../../core/annotations/injected_list.ts";
import { endlessSidecars } from "../../core/cleanup/jobs.ts";
import { type FailedCreate, mayBlameSidecars } from "../../core/refused/message.ts";
import { missingPods, refusableKind } from "../../core/refused/workload.ts";
import { refusalSentence } from "../../core/status/facts.ts";
import { isActive } from "../../core/status/readiness.ts";
import type { RestClient } from "../../kube/contract.ts";
import { isForbidden, isNotFound } from "../../kube/errors.ts";
import { readWorkload } from "../../kube/workloads.ts";
import { readFailedCreates } from "../cluster/reading.ts";
import { blamedFor, outcomeOf, type OutcomeOptions } from "../pods/outcome.ts";
import { podSubjectOf } from "../pods/targets.ts";
import { counted } from "../terminal/output.ts";
import { type Check, checkNamed } from "./check.ts";
import { type Facts, isKnown, UNKNOWN_CLUSTER, UNKNOWN_PODS } from "./facts.ts";

/** Checks for workloads whose Pods the API server refuses because of sidecars. SidecarSets do not count those Pods. */
export async function checkRefusals(facts: Facts): Promise<Check> {
  const check = checkNamed("no Pod is refused because of a sidecar");
  const { client, cluster } = facts;
  if (!isKnown(cluster)) return check.skipped(UNKNOWN_CLUSTER);
  try {
    const refusals = await readRefusals(client, { ...facts, cluster });
    const [first] = refusals;
    if (first === undefined) return check.ok("no workload lacks Pods because of a sidecar");
    return check.error(
      refusalsText(refusals),
      REMEDY,
      explainCommand(first, facts.program),
    );
  } catch (error) {
    if (isForbidden(error)) return check.skipped("this user may not read events and workloads");
    throw error;
  }
}

/** A workload that lacks Pods because of a SidecarSet. */
interface Refusal {
  readonly sidecarSet: string;
  readonly failed: FailedCreate;
}

async function readRefusals(client: RestClient, options: OutcomeOptions): Promise<Refusal[]> {
  const failures = (await readFailedCreates(client)).filter(({ text }) => mayBlameSidecars(text));
  const refusals = await Promise.all(failures.map(async (failed) => {
    const names = await blamedSidecarSets(failed, { client, options });
    return names.map((sidecarSet) => ({ sidecarSet, failed }));
  }));
  return refusals.flat();
}

async function blamedSidecarSets(
  { workload: reference, text }: FailedCreate,
  { client, options }: { client: RestClient; options: OutcomeOptions },
): Promise<string[]> {
  const kind = refusableKind(reference);
  if (kind === undefined) return [];
  try {
    const { apiVersion = "" } = reference;
    const workload = { ...await readWorkload(client, reference), apiVersion, kind };
    // A new workload with the same name, or one that has all its Pods by now.
    if (workload.metadata.uid !== reference.uid || missingPods(workload, kind) === 0) return [];
    const subject = podSubjectOf(workload);
    return subject === undefined ? [] : blamedFor(text, outcomeOf(subject, options));
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}

function refusalsText(refusals: readonly Refusal[]): string {
  const bySidecarSet = Map.groupBy(refusals, ({ sidecarSet }) => sidecarSet);
  const parts = [...bySidecarSet].flatMap(([name, same]) =>
    same.slice(0, 1).map(({ failed: { workload, text } }) => {
      const example = `${workload.kind} ${workload.namespace}/${workload.name}`;
      return `${name}: ${refusalSentence({ workloads: same.length, example, text })}`;
    })
  );
  return parts.join("; ");
}

const REMEDY =
  "change the sidecar (for example its resources), or the quota, limit or policy that refuses it, " +
  "or exclude these Pods with the selector:";

function explainCommand({ failed: { workload } }: Refusal, program: string): string {
  return `${program} explain ${workload.kind?.toLowerCase()}/${workload.name} -n ${workload.namespace}`;
}

/** Checks for Pods, such as those of Jobs, that cannot complete because of sidecars. */
export function checkEndless({ cluster, pods, program }: Facts): Check {
  const check = checkNamed("no Job waits for a sidecar");
  if (!isKnown(cluster)) return check.skipped(UNKNOWN_CLUSTER);
  if (!isKnown(pods)) return check.skipped(UNKNOWN_PODS);
  const found = cluster.sidecarSets.flatMap((prepared) =>
    pods.flatMap((pod) => {
      if (!isActive(pod) || !isInjectedBy(pod, prepared.sidecarSet)) return [];
      const endless = endlessSidecars(pod, prepared);
      return endless === undefined ? [] : [{ ...endless, pod, sidecarSet: prepared.name }];
    })
  ).sort((a, b) => Number(b.areWaitedFor) - Number(a.areWaitedFor));
  const [first] = found;
  if (first === undefined) {
    return check.ok("every Pod that runs to completion can complete with its main containers");
  }
  const bySidecarSet = Map.groupBy(found, ({ sidecarSet }) => sidecarSet);
  const parts = [...bySidecarSet].map(([name, same]) => {
    const waiting = same.filter(({ areWaitedFor }) => areWaitedFor).length;
    const done = waiting === 0 ? "" : `, and in ${waiting} of them only sidecars still run`;
    const [example] = same;
    return `${name}: ${
      counted(same.length, "Pod")
    } cannot complete before its sidecars terminate${done}, for example ` +
      `${example?.pod.metadata.namespace}/${example?.pod.metadata.name} ` +
      `(${example?.containers.join(", ")})`;
  });
  return check.warning(
    parts.join("; "),
    "set completionPolicy: TerminateWithMain on sidecars that do not terminate by themselves:",
    `${program} explain pod/${first.pod.metadata.name} -n ${first.pod.metadata.namespace}`,
    ...[...bySidecarSet.keys()].map((name) => `kubectl edit sidecarset ${name}`),
  );
}
