/** Back-off of lists and watches; all values are milliseconds. */

const BASE_DELAY_MS = 800;
/** Keeps the time from the API server's recovery to the next request below 10 s. */
const MAX_DELAY_MS = 8_000;
/** After a watch that ended normally. Delays events by this much. */
export const RESUME_DELAY_MS = 20;
/** A missing right is granted by a person, so frequent requests do not help. */
const MAX_FORBIDDEN_DELAY_MS = 60_000;
/** Bounds the Retry-After of a misbehaving proxy. */
const MAX_RETRY_AFTER_MS = 8_000;

/**
 * The delay after a failure: doubles with each previous failure. `random` (0 to 1) adds jitter over the upper half, so
 * that clients that failed together do not retry together.
 */
export function failureDelay(failuresBefore: number, random: number): number {
  return exponential(failuresBefore, { maxMs: MAX_DELAY_MS, random });
}

/** The delay after a 403: doubles with each previous 403 in a row. */
export function forbiddenDelay(refusalsBefore: number, random: number): number {
  return exponential(refusalsBefore, { maxMs: MAX_FORBIDDEN_DELAY_MS, random });
}

/**
 * The delay for a Retry-After: at least the requested time (up to its cap) and at least the delay of a first failure.
 */
export function requestedDelay(retryAfterSeconds: number, random: number): number {
  const requestedMs = Math.min(MAX_RETRY_AFTER_MS, retryAfterSeconds * 1000);
  return Math.max(requestedMs, failureDelay(0, random)) + random * BASE_DELAY_MS;
}

/** Between half of the delay and all of it. */
export function jittered(delayMs: number, random: number): number {
  return delayMs / 2 + (delayMs / 2) * random;
}

function exponential(
  before: number,
  { maxMs, random }: { maxMs: number; random: number },
): number {
  return jittered(Math.min(maxMs, BASE_DELAY_MS * 2 ** Math.min(before, 16)), random);
}
