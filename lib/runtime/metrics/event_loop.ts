import type { Clock } from "../../api/clock.ts";

/** 50 samples a second cost less than 0.1 % of a core. */
const SAMPLE_INTERVAL_MS = 20;

interface EventLoopOptions {
  readonly clock: Pick<Clock, "monotonic" | "sleep">;
  /** Takes one delay in seconds. */
  observe(seconds: number): void;
}

/**
 * Samples how late a timer fires, until the signal is aborted: a review that arrives at the same time waits as long.
 * Deno's `monitorEventLoopDelay` measures nothing, so this is a plain timer. Never rejects.
 */
export async function sampleEventLoop(
  { clock, observe }: EventLoopOptions,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const due = clock.monotonic() + SAMPLE_INTERVAL_MS;
    await clock.sleep(SAMPLE_INTERVAL_MS, signal);
    if (!signal.aborted) observe(Math.max(0, clock.monotonic() - due) / 1_000);
  }
}
