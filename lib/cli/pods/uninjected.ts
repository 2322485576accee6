import type { Pod } from "../../api/pod.ts";
import { missedReason, replacementObstacle } from "../../core/cleanup/replacement.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import type { Reason } from "../../core/reasons.ts";
import { notMissedText } from "../../core/status/effective_since.ts";
import { hasTrait, PodTrait } from "../../core/status/pod_class.ts";
import { wrapped } from "../terminal/output.ts";
import { classOf } from "./classes.ts";
import { type OutcomeOptions, replacementFacts } from "./outcome.ts";

/** Why a selected Pod is not injected. */
export interface Uninjected {
  /** Whether the Pod was created while the selection was active. */
  readonly missed: boolean;
  /** Absent for a Pod that is older than the selection or was selected later. */
  readonly reason?: Reason;
  readonly message: string;
  /** Whether a replacement would be injected. */
  readonly injectedWhenRecreated: boolean;
}

/** Reasons that exempt a Pod from injection, so that it is not missed. */
const NEVER_INJECTED: ReadonlySet<Reason> = new Set(["NamespaceExcluded", "MirrorPod"]);

/** Explains why a selected Pod is not injected; undefined for any other Pod. */
export function uninjectedState(
  pod: Pod,
  prepared: PreparedSidecarSet,
  options: OutcomeOptions,
): Uninjected | undefined {
  const podClass = classOf(pod, prepared, options.cluster);
  if (!hasTrait(podClass, PodTrait.Uninjected)) return undefined;
  const facts = replacementFacts(prepared, { pod, options });
  const obstacle = replacementObstacle(pod, facts);
  const isExempt = obstacle !== undefined && NEVER_INJECTED.has(obstacle.reason);
  const missed = hasTrait(podClass, PodTrait.Missed) && !isExempt;
  if (obstacle !== undefined) return { missed, ...obstacle, injectedWhenRecreated: false };
  if (!missed) {
    return { missed, message: notMissedText(pod, prepared), injectedWhenRecreated: true };
  }
  return { missed, ...missedReason(pod, facts), injectedWhenRecreated: true };
}

/** The uninjected Pods of a SidecarSet with one reason. */
export interface UninjectedGroup {
  readonly missed: boolean;
  readonly reason?: Reason;
  /** Message of the first Pod. */
  readonly message: string;
  readonly injectedWhenRecreated: boolean;
  /** `namespace/name`, sorted. */
  readonly pods: readonly string[];
}

/** Groups the uninjected Pods of a SidecarSet by reason, the largest group first. */
export function uninjectedGroups(
  pods: readonly Pod[],
  prepared: PreparedSidecarSet,
  options: OutcomeOptions,
): UninjectedGroup[] {
  const groups = new Map<string, { state: Uninjected; pods: string[] }>();
  for (const pod of pods) {
    const state = uninjectedState(pod, prepared, options);
    if (state === undefined) continue;
    const key = `${state.missed} ${state.reason ?? state.message}`;
    const group = groups.get(key) ?? { state, pods: [] };
    group.pods.push(`${pod.metadata.namespace}/${pod.metadata.name}`);
    groups.set(key, group);
  }
  return [...groups.values()]
    .map(({ state, pods }) => ({ ...state, pods: pods.sort() }))
    .sort((a, b) => b.pods.length - a.pods.length || (`${a.reason}` < `${b.reason}` ? -1 : 1));
}

const MAX_PODS = 3;

/** Formats each group: the number of Pods, the reason and the first Pods. */
export function uninjectedLines(groups: readonly UninjectedGroup[], indent: number): string[] {
  return groups.flatMap(({ missed, reason, message, pods }) => {
    const count = `${pods.length} ${missed ? "missed" : "not injected"}`;
    const why = reason === undefined ? message : `${reason}: ${message}`;
    const more = pods.length > MAX_PODS ? ` and ${pods.length - MAX_PODS} more` : "";
    return [
      ...wrapped(`${count} (${why})`, indent),
      ...wrapped(`${pods.slice(0, MAX_PODS).join(", ")}${more}`, indent + 2),
    ];
  });
}

/** Options of {@linkcode injectingCommands}. */
interface InjectingOptions {
  /** Name of the SidecarSet. */
  readonly name: string;
  readonly program: string;
  readonly isPaused: boolean;
  /** Namespace of the Pods, so that no workload of another one is restarted. */
  readonly namespace?: string | undefined;
}

/** Commands that inject the Pods of the groups; without groups, the reasons are unknown and a restart is proposed. */
export function injectingCommands(
  groups: readonly UninjectedGroup[],
  { name, program, isPaused, namespace }: InjectingOptions,
): string[] {
  const injectedWhenRecreated = isPaused || groups.length === 0 ||
    groups.some((group) => group.injectedWhenRecreated);
  const place = namespace === undefined ? "" : ` -n ${namespace}`;
  return [
    ...(isPaused ? [resumeInjection({ name, program })] : []),
    ...(injectedWhenRecreated ? [`${program} rollout restart-injection ${name}${place}`] : []),
  ];
}

/** The command that resumes paused injection. */
export function resumeInjection({ name, program }: { name: string; program: string }): string {
  return `${program} rollout resume ${name} --injection`;
}
