import type { Clock } from "../api/clock.ts";
import type { Libc } from "../webhook/libc.ts";

const INTERVAL_MS = 30_000;

/**
 * Every 30 s gives freed memory back to the kernel, in another thread, until the signal is aborted. glibc does so by
 * itself only with what is freed at the end of its heap: after a list of 100,000 Pods it keeps 20 to 30 MiB. Without
 * glibc it does nothing. Never rejects.
 */
export async function keepTrimming(
  { libc, clock }: {
    /** See {@linkcode openLibc}. */
    readonly libc: { readonly symbols: Pick<Libc["symbols"], "malloc_trim"> } | string;
    readonly clock: Pick<Clock, "sleep">;
  },
  signal: AbortSignal,
): Promise<void> {
  const trim = typeof libc === "string" ? null : libc.symbols.malloc_trim;
  while (trim !== null && !signal.aborted) {
    await clock.sleep(INTERVAL_MS, signal);
    if (!signal.aborted) await trim(0n);
  }
}
