import type { EvictionGuard } from "../../api/sidecarset_status.ts";
import { backoffDelay } from "../backoff.ts";

export type { EvictionGuard };

const BACKOFF_SECONDS = { base: 10, max: 600 };
/** A workload without a replacement after this time was scaled down or deleted. */
const GUARD_LIFETIME_SECONDS = 600;

/** A planned eviction. */
export type EvictionNote = Pick<
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
  replacement: { readonly asWanted: boolean },
): EvictionGuard | undefined {
  if (replacement.asWanted) return undefined;
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
