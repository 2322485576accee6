import type { Clock } from "../api/clock.ts";

/** The machine's clock. */
export function systemClock(): Clock {
  return { now: () => new Date(), monotonic: () => performance.now(), sleep };
}

function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal?.addEventListener("abort", done, { once: true });
  });
}
