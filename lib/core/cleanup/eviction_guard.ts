/** What is remembered of the evictions of one workload's Pods, so that they can never go round in circles. Stored in status. */
export interface EvictionGuard {
  /** uid of the workload. */
  readonly workload: string;
  /** Evictions since a replacement was last as wanted. */
  readonly attempts: number;
  /** RFC 3339. */
  readonly lastEviction: string;
  /** A replacement was again not as wanted: nobody is evicted any more. */
  readonly leftAlone: boolean;
}

const FIRST_DELAY_SECONDS = 10;
const LONGEST_DELAY_SECONDS = 600;

/** The guard after an eviction. */
export function afterEviction(
  guard: EvictionGuard | undefined,
  eviction: { readonly workload: string; readonly time: string },
): EvictionGuard {
  return {
    workload: eviction.workload,
    attempts: (guard?.attempts ?? 0) + 1,
    lastEviction: eviction.time,
    leftAlone: guard?.leftAlone ?? false,
  };
}

/** The guard once the replacement is there; undefined where there is nothing left to remember. */
export function afterReplacement(
  guard: EvictionGuard,
  replacement: { readonly asWanted: boolean },
): EvictionGuard | undefined {
  if (replacement.asWanted) return undefined;
  return guard.leftAlone ? guard : { ...guard, leftAlone: true };
}

/** Milliseconds; the next eviction of this workload has to wait until then, twice as long after each one. */
export function mayTryAt(guard: EvictionGuard): number {
  const delay = Math.min(FIRST_DELAY_SECONDS * 2 ** (guard.attempts - 1), LONGEST_DELAY_SECONDS);
  return Date.parse(guard.lastEviction) + delay * 1000;
}
