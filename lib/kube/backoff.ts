/** How long a list or watch waits before the next try; all in milliseconds. */

const FIRST_DELAY = 800;
/** Short enough that the process sees the cluster again within 10 s of the API server's recovery. */
const LONGEST_DELAY = 8_000;
/** After a watch that ended in good order: changes of meanwhile come late by that. */
export const RESUME_DELAY = 20;
/** Rights are granted by people: asking often does not help for long. */
const LONGEST_FORBIDDEN_DELAY = 60_000;
/** A longer Retry-After, as of a misbehaving proxy, would leave us blind. */
const LONGEST_RETRY_AFTER = 8_000;

/**
 * The delay after a failure: it doubles with each failure before. `random` (0 to 1) spreads it over its upper half, so that clients that
 * failed together do not come back together.
 */
export function failureDelay(failuresBefore: number, random: number): number {
  return growing(failuresBefore, { longest: LONGEST_DELAY, random });
}

/** The delay after a 403, which doubles with each 403 in a row before. */
export function forbiddenDelay(refusalsBefore: number, random: number): number {
  return growing(refusalsBefore, { longest: LONGEST_FORBIDDEN_DELAY, random });
}

/** The delay that the API server asks for: never shorter than that, but for the upper bound, nor than the delay after a first failure. */
export function requestedDelay(retryAfterSeconds: number, random: number): number {
  const asked = Math.min(LONGEST_RETRY_AFTER, retryAfterSeconds * 1000);
  return Math.max(asked, failureDelay(0, random)) + random * FIRST_DELAY;
}

/** Between half of the delay and all of it. */
export function jittered(full: number, random: number): number {
  return full / 2 + (full / 2) * random;
}

function growing(before: number, { longest, random }: { longest: number; random: number }): number {
  return jittered(Math.min(longest, FIRST_DELAY * 2 ** Math.min(before, 16)), random);
}
