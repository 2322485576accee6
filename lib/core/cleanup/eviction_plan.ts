import type { Pod } from "../../api/pod.ts";
import { rfc3339 } from "../rfc3339.ts";
import type { Reason } from "../reasons.ts";
import { isActive, isRunningAndReady } from "../status/readiness.ts";
import { controllerOf, type EvictionFacts, mayEvict } from "./eviction.ts";
import { afterEviction, type EvictionGuard, expiresAt } from "./eviction_guard.ts";
import { isReplacement, settleGuards } from "./eviction_guards.ts";
import type { ReplacementObstacle } from "./replacement.ts";

/** Everything that the next evictions for a SidecarSet depend on, as values. */
export interface EvictionSnapshot extends
  Pick<
    EvictionFacts,
    "recreatingKinds" | "webhookReady" | "unavailable" | "maxUnavailable" | "now"
  > {
  /** Pods that are to be evicted, in the order in which to do so. */
  readonly candidates: readonly Pod[];
  /** Whether a Pod is as it should be, so that nothing is left to do for it. */
  isWanted(pod: Pod): boolean;
  /** All Pods of a workload. */
  podsOf(workload: string): readonly Pod[];
  /** What a dry run of the injection says of a Pod's replacement. */
  obstacleOf(pod: Pod): ReplacementObstacle | undefined;
  readonly guards: readonly EvictionGuard[];
  /** Generation of the SidecarSet. */
  readonly generation: number;
}

/** Pods to evict now, and what keeps the others. */
export interface EvictionPlan {
  /** Each is evicted only once its guard is stored. */
  readonly evictions: readonly Pod[];
  /** What to remember without these evictions; the same reference where nothing has changed. */
  readonly guards: readonly EvictionGuard[];
  /** Why the first Pod that is not evicted stays. */
  readonly objection?: { readonly pod: Pod; readonly reason: Reason; readonly message: string };
  /** Milliseconds; when to plan again although nothing has changed. */
  readonly waitUntil?: number;
}

/** A status must stay small: while so many workloads wait for replacements, no other one is begun with. */
const MOST_GUARDS = 100;

/** Plans evictions by the eviction rule, at most one of a workload at a time. */
export function planEvictions(snapshot: EvictionSnapshot): EvictionPlan {
  const guards = settleGuards(snapshot);
  const byWorkload = new Map(guards.map((guard) => [guard.workload, guard]));
  const awaited = guards.filter((guard) => isAwaited(guard, snapshot));
  const evictions: Pod[] = [];
  const begun = new Set<string>();
  let unavailable = snapshot.unavailable + awaited.length;
  let objection: EvictionPlan["objection"];
  let waitUntil = awaited.reduce((first, guard) => Math.min(first, expiresAt(guard)), Infinity);
  const ready = new Map<string, boolean>();
  for (const pod of snapshot.candidates) {
    const workload = controllerOf(pod)?.uid ?? "";
    if (begun.has(workload)) continue;
    const guard = byWorkload.get(workload);
    const isFull = guard === undefined && guards.length + evictions.length >= MOST_GUARDS;
    const workloadReady = ready.get(workload) ?? isWorkloadReady(workload, guard, snapshot);
    if (!ready.has(workload)) {
      const at = distinctAt(workload, snapshot);
      if (at > snapshot.now.getTime()) waitUntil = Math.min(waitUntil, at);
    }
    ready.set(workload, workloadReady);
    const obstacle = snapshot.obstacleOf(pod);
    const decision = mayEvict(pod, {
      ...snapshot,
      unavailable: isFull ? Infinity : unavailable,
      workloadReady,
      ...(guard === undefined ? {} : { guard }),
      ...(obstacle === undefined ? {} : { replacementObstacle: obstacle }),
    });
    if (decision.evict) {
      evictions.push(pod);
      begun.add(workload);
      unavailable++;
      continue;
    }
    objection ??= { pod, reason: decision.reason, message: decision.message };
    waitUntil = Math.min(waitUntil, decision.retryAt ?? Infinity);
    if (decision.reason === "BudgetUsed") break;
  }
  return {
    evictions,
    guards,
    ...(objection === undefined ? {} : { objection }),
    ...(waitUntil === Infinity ? {} : { waitUntil }),
  };
}

/** The guards with those of Pods that are about to be evicted. */
export function withEvictions(
  guards: readonly EvictionGuard[],
  evictions: readonly Pod[],
  { podsOf, generation, now }: Pick<EvictionSnapshot, "podsOf" | "generation" | "now">,
): readonly EvictionGuard[] {
  if (evictions.length === 0) return guards;
  const byWorkload = new Map(guards.map((guard) => [guard.workload, guard]));
  for (const pod of evictions) {
    const workload = controllerOf(pod)?.uid ?? "";
    const note = {
      workload,
      pod: pod.metadata.uid ?? "",
      lastEviction: rfc3339(now),
      newestPod: newest([pod, ...podsOf(workload)]),
      observedGeneration: generation,
    };
    byWorkload.set(workload, afterEviction(byWorkload.get(workload), note));
  }
  return [...byWorkload.values()];
}

/** Times of one form compare as texts. */
function newest(pods: readonly Pod[]): string {
  return pods.map(({ metadata }) => metadata.creationTimestamp ?? "")
    .reduce((a, b) => a > b ? a : b);
}

/**
 * Milliseconds; from when on a new Pod's creation time differs from those of all Pods of the workload. Such times are whole seconds, and an
 * eviction before that could not be told to have been made good.
 */
function distinctAt(workload: string, { podsOf }: EvictionSnapshot): number {
  const latest = podsOf(workload).reduce((latest, { metadata }) => {
    const time = Date.parse(metadata.creationTimestamp ?? "");
    return time > latest ? time : latest;
  }, -Infinity);
  return latest + 1_000;
}

/** Whether a Pod is missing because its replacement has not been created yet; it counts among the unavailable ones. */
function isAwaited(guard: EvictionGuard, { podsOf }: EvictionSnapshot): boolean {
  if (guard.leftAlone) return false;
  return podsOf(guard.workload).filter(isActive)
    .every((pod) => pod.metadata.uid !== guard.pod && !isReplacement(pod, guard));
}

/** Pods that have ended are of no account; one that is being deleted is. */
function isWorkloadReady(
  workload: string,
  guard: EvictionGuard | undefined,
  snapshot: EvictionSnapshot,
): boolean {
  if (guard !== undefined && isAwaited(guard, snapshot)) return false;
  if (distinctAt(workload, snapshot) > snapshot.now.getTime()) return false;
  return snapshot.podsOf(workload).every((pod) => {
    const phase = pod.status?.phase;
    return phase === "Succeeded" || phase === "Failed" || isRunningAndReady(pod);
  });
}
