/** Time as a dependency, so that tests own it. */
export interface Clock {
  /** Wall-clock time; may jump. */
  now(): Date;
  /** Milliseconds that only grow. */
  monotonic(): number;
  /** Resolves after the delay, or at once when the signal is aborted; never rejects. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}
