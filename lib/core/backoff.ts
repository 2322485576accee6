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
