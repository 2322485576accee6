/** Bounds of an exponential back-off, both in the same unit. */
export interface BackoffBounds {
  readonly base: number;
  /** Back-off cap. */
  readonly max: number;
}

/**
 * Delay before the next try: the base, doubled with each failure before, at most the cap.
 *
 * @param failures how many have failed in a row before the last one
 */
export function backoffDelay(failures: number, { base, max }: BackoffBounds): number {
  return Math.min(max, base * 2 ** failures);
}

/**
 * The same with jitter: spread over the upper half of the delay, so that objects that failed together are not retried
 * together.
 *
 * @param random from 0 to 1
 */
export function jitteredDelay(failures: number, bounds: BackoffBounds, random: number): number {
  const delay = backoffDelay(failures, bounds);
  return delay / 2 + (delay / 2) * random;
}
