import type { EvictionGuard } from "../../api/sidecarset_status.ts";
import type { ObservedPod } from "../observed_pod.ts";
import { backoffDelay } from "../backoff.ts";
import { isActive } from "../status/readiness.ts";
import type { Steps } from "../steps.ts";

export type { EvictionGuard };

const BACKOFF_SECONDS = { base: 10, max: 600 };
/** A workload without a replacement after this time was scaled down or deleted. */
const GUARD_LIFETIME_SECONDS = 600;

/** A planned eviction. */
type EvictionNote = Pick<
  EvictionGuard,
  "workload" | "pod" | "lastEviction" | "newestPod" | "observedGeneration"
>;

/**
 * The guard with an eviction; it is stored before the eviction request.
 *
 * @param again whether the last attempt failed in the API server, so that this one repeats it
 */
export function afterEviction(
  guard: EvictionGuard | undefined,
  eviction: EvictionNote,
  { again = false }: { again?: boolean } = {},
): EvictionGuard {
  return {
    ...eviction,
    attempts: (guard?.attempts ?? 0) + (again ? 0 : 1),
    leftAlone: guard?.leftAlone ?? false,
  };
}

/** The guard after the replacement is created; undefined if it is no longer needed. */
export function afterReplacement(
  guard: EvictionGuard,
  replacement: { readonly isUpToDate: boolean },
): EvictionGuard | undefined {
  if (replacement.isUpToDate) return undefined;
  return guard.leftAlone ? guard : { ...guard, leftAlone: true };
}

/** Time in milliseconds at which the back-off of the workload's next eviction ends. */
export function mayTryAt(guard: EvictionGuard): number {
  const delay = backoffDelay(guard.attempts - 1, BACKOFF_SECONDS);
  return Date.parse(guard.lastEviction) + delay * 1000;
}

/** Time in milliseconds at which a guard without a replacement expires. */
export function expiresAt(guard: EvictionGuard): number {
  return Date.parse(guard.lastEviction) + GUARD_LIFETIME_SECONDS * 1000;
}

/** Input for updating guards. */
interface GuardFacts {
  readonly guards: readonly EvictionGuard[];
  podsOf(workload: string): Iterable<ObservedPod>;
  isUpToDate(pod: ObservedPod): boolean;
  readonly generation: number;
  readonly now: Date;
}

/**
 * Updates the guards by their workloads' Pods. A guard ends when the evicted Pod's replacement is up to date, or
 * none is expected. A blocked workload gets another chance with the next generation of the SidecarSet.
 *
 * @returns the same reference if nothing changes
 */
export function* settleGuards(facts: GuardFacts): Steps<readonly EvictionGuard[]> {
  const settled: EvictionGuard[] = [];
  for (const guard of facts.guards) {
    const next = settle(guard, facts);
    if (next !== undefined) settled.push(next);
    yield;
  }
  const isSame = settled.length === facts.guards.length &&
    settled.every((guard, i) => guard === facts.guards[i]);
  return isSame ? facts.guards : settled;
}

/** Whether a Pod was created after the eviction. Both are times of the API server, so clocks need not agree. */
export function isReplacement({ metadata }: ObservedPod, guard: EvictionGuard): boolean {
  return Date.parse(metadata.creationTimestamp ?? "") > Date.parse(guard.newestPod);
}

function settle(guard: EvictionGuard, facts: GuardFacts): EvictionGuard | undefined {
  const { podsOf, isUpToDate, generation, now } = facts;
  const pods = [...podsOf(guard.workload)].filter(isActive);
  if (pods.length > 0 && pods.every(isUpToDate)) return undefined;
  const hasExpired = expiresAt(guard) <= now.getTime();
  if (pods.length === 0) return hasExpired ? undefined : guard;
  if (guard.observedGeneration !== generation) {
    return { ...guard, leftAlone: false, observedGeneration: generation };
  }
  if (guard.leftAlone) return guard;
  const replacements = pods.filter((pod) => isReplacement(pod, guard));
  if (replacements.length > 0) {
    return afterReplacement(guard, { isUpToDate: replacements.every(isUpToDate) });
  }
  const isStillThere = pods.some(({ metadata }) => metadata.uid === guard.pod);
  return hasExpired && !isStillThere ? undefined : guard;
}
