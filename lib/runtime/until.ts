import type { Clock } from "../api/clock.ts";

/** Milliseconds between two looks. */
const PERIOD = 20;

/** Resolves once the condition holds, or the signal is aborted. */
export async function until(
  condition: () => boolean,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted && !condition()) await clock.sleep(PERIOD, signal);
}
