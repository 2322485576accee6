import type { Pod } from "../../api/pod.ts";
import { replacementObstacle } from "../../core/cleanup/replacement.ts";
import { hasTrait, PodTrait } from "../../core/status/pod_class.ts";
import type { RestClient } from "../../kube/contract.ts";
import { resources } from "../../kube/resources.ts";
import type { Live } from "../cluster/connection.ts";
import {
  excludedNamespacesOf,
  type ExclusionOptions,
  unknownSidecarSet,
} from "../cluster/known_cluster.ts";
import { readLiveCluster } from "../cluster/live_cluster.ts";
import { readAll } from "../cluster/reading.ts";
import type { DryRun } from "../command_line/options.ts";
import { classOf } from "../pods/classes.ts";
import { replacementFacts } from "../pods/outcome.ts";
import { RESTARTABLE, topOwnerReader } from "../pods/owners.ts";
import { resumeInjection } from "../pods/uninjected.ts";
import { counted, listed, wrapped } from "../terminal/output.ts";
import { change } from "./change.ts";

interface RestartOptions extends ExclusionOptions {
  readonly name: string;
  readonly dryRun: DryRun;
  /** Namespace of the Pods; all when absent. */
  readonly namespace?: string;
  /** Label selector for Pods. */
  readonly selector?: string;
}

/** Annotation that `kubectl rollout restart` sets. */
const RESTARTED_ANNOTATION = "kubectl.kubernetes.io/restartedAt";

/**
 * Restarts workloads with Pods that must be recreated to get the current sidecars. Lists Pods whose replacements would
 * not get them either, and Pods without such a workload.
 *
 * @returns 0, or 1 if no workload was restarted.
 * @throws {CliError} if the SidecarSet does not exist.
 */
export async function restartInjectionCommand(
  options: RestartOptions,
  live: Live,
): Promise<number> {
  const { terminal, connection: { client } } = live;
  const { name, dryRun } = options;
  const { helped, notHelped } = await lackingPods(options, live);
  const { workloads, others } = await byWorkload(helped, client);
  for (const { resource, ref } of workloads) {
    const annotations = { [RESTARTED_ANNOTATION]: terminal.now().toISOString() };
    const body = { spec: { template: { metadata: { annotations } } } };
    const patch = { ...ref, type: "strategic-merge" as const, body };
    await change(resource, { patch, done: "restarted", dryRun }, live);
  }
  const unhelped = [...notHelped]
    .flatMap(([why, pods]) => noteOn(pods, `not restarted (${why})`));
  const unowned = noteOn(others, "that kubectl rollout restart cannot recreate");
  const write = (text: string) => terminal.error(`${text}\n`);
  for (const note of unhelped) write(wrapped(note, 0).join("\n"));
  for (const note of unowned) write(wrapped(note, 0).join("\n"));
  for (const command of deletions(others)) write(`  ${command}`);
  if ([...notHelped.keys()].some((why) => why.startsWith("InjectionPaused:"))) {
    const command = resumeInjection({ name, program: terminal.program });
    write(`Resume injection first:\n  ${command}`);
  }
  if (helped.length === 0 && unhelped.length === 0) {
    write(`Nothing to do: no Pod that SidecarSet ${name} selects needs a restart`);
  }
  return workloads.length > 0 ? 0 : 1;
}

interface LackingPods {
  /** Pods whose replacement gets the sidecars. */
  readonly helped: readonly Pod[];
  /** Pods whose replacement does not, by reason. */
  readonly notHelped: ReadonlyMap<string, readonly Pod[]>;
}

async function lackingPods(
  options: RestartOptions,
  { terminal, connection: { client } }: Live,
): Promise<LackingPods> {
  const { name, systemNamespace, namespace, selector } = options;
  const cluster = await readLiveCluster(client, systemNamespace, namespace);
  const prepared = cluster.sidecarSets.find((each) => each.name === name);
  if (prepared === undefined) {
    throw unknownSidecarSet(name, cluster.sidecarSets.map((each) => each.name));
  }
  const pods = await readAll(client, resources.pods, {
    ...(namespace === undefined ? {} : { namespace }),
    ...(selector === undefined ? {} : { labelSelector: selector }),
  });
  const facts = {
    cluster,
    excludedNamespaces: excludedNamespacesOf(options, cluster.excludedNamespaces),
    now: terminal.now(),
  };
  const helped: Pod[] = [];
  const notHelped = new Map<string, Pod[]>();
  for (const pod of pods) {
    const podClass = classOf(pod, prepared, cluster);
    const isOutdated = hasTrait(podClass, PodTrait.NotUpgradable);
    if (!isOutdated && !hasTrait(podClass, PodTrait.Uninjected)) continue;
    const obstacle = replacementObstacle(pod, {
      ...replacementFacts(prepared, { pod, options: facts }),
      ...(isOutdated ? { revision: prepared.revisionName } : {}),
    });
    if (obstacle === undefined) {
      helped.push(pod);
      continue;
    }
    const why = `${obstacle.reason}: ${obstacle.message}`;
    notHelped.set(why, [...notHelped.get(why) ?? [], pod]);
  }
  return { helped, notHelped };
}

function noteOn(pods: readonly Pod[], what: string): string[] {
  if (pods.length === 0) return [];
  const names = pods.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  return [`${counted(pods.length, "Pod")} ${what}: ${listed(names)}`];
}

/** Commands that delete Pods, one per namespace. */
function deletions(pods: readonly Pod[]): string[] {
  const byNamespace = Map.groupBy(pods, ({ metadata: { namespace = "default" } }) => namespace);
  return [...byNamespace].map(([namespace, same]) =>
    `kubectl delete pod ${same.map(({ metadata }) => metadata.name).join(" ")} -n ${namespace}`
  );
}

interface Workload {
  readonly resource: (typeof RESTARTABLE)[number];
  readonly ref: { readonly namespace: string; readonly name: string };
}

/** Groups Pods by workload; `others` are Pods without one. */
async function byWorkload(
  pods: readonly Pod[],
  client: RestClient,
): Promise<{ workloads: readonly Workload[]; others: readonly Pod[] }> {
  const workloads = new Map<string, Workload>();
  const others: Pod[] = [];
  const topOwner = topOwnerReader(client);
  for (const pod of pods) {
    const { namespace = "" } = pod.metadata;
    const owner = await topOwner(pod);
    const resource = RESTARTABLE.find(({ kind }) => kind === owner?.kind);
    if (owner === undefined || resource === undefined) others.push(pod);
    else {
      const ref = { namespace, name: owner.name };
      workloads.set(`${owner.kind}/${namespace}/${owner.name}`, { resource, ref });
    }
  }
  return { workloads: [...workloads.values()], others };
}
