import type { Pod } from "../../api/pod.ts";
import { isActive } from "../status/readiness.ts";
import { afterReplacement, type EvictionGuard, expiresAt } from "./eviction_guard.ts";

/** Input for updating guards. */
export interface GuardFacts {
  readonly guards: readonly EvictionGuard[];
  podsOf(workload: string): readonly Pod[];
  isWanted(pod: Pod): boolean;
  readonly generation: number;
  readonly now: Date;
}

/**
 * Updates the guards by their workloads' Pods. A guard ends when the evicted Pod's replacement is up to date, or
 * none is expected. A blocked workload gets another chance with the next generation of the SidecarSet.
 *
 * @returns the same reference if nothing changes
 */
export function settleGuards(facts: GuardFacts): readonly EvictionGuard[] {
  const settled = facts.guards.flatMap((guard) => settle(guard, facts) ?? []);
  const isSame = settled.length === facts.guards.length &&
    settled.every((guard, i) => guard === facts.guards[i]);
  return isSame ? facts.guards : settled;
}

/** Whether a Pod was created after the eviction. Both are times of the API server, so clocks need not agree. */
export function isReplacement({ metadata }: Pod, guard: EvictionGuard): boolean {
  return Date.parse(metadata.creationTimestamp ?? "") > Date.parse(guard.newestPod);
}

function settle(guard: EvictionGuard, facts: GuardFacts): EvictionGuard | undefined {
  const { podsOf, isWanted, generation, now } = facts;
  const pods = podsOf(guard.workload).filter(isActive);
  if (pods.length > 0 && pods.every(isWanted)) return undefined;
  const hasExpired = expiresAt(guard) <= now.getTime();
  if (pods.length === 0) return hasExpired ? undefined : guard;
  if (guard.observedGeneration !== generation) {
    return { ...guard, leftAlone: false, observedGeneration: generation };
  }
  if (guard.leftAlone) return guard;
  const replacements = pods.filter((pod) => isReplacement(pod, guard));
  if (replacements.length > 0) {
    return afterReplacement(guard, { asWanted: replacements.every(isWanted) });
  }
  const isStillThere = pods.some(({ metadata }) => metadata.uid === guard.pod);
  return hasExpired && !isStillThere ? undefined : guard;
}
