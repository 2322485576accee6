/**
 * Resolves when one of the signals is aborted. It listens to each of them, because a signal of `AbortSignal.any()` is only weakly referenced by
 * its sources: Deno 2.6 collects it together with its listeners, and whoever waits for it waits for ever.
 */
export function aborted(...signals: readonly AbortSignal[]): Promise<void> {
  const done = new AbortController();
  return new Promise((resolve) => {
    const finish = () => {
      done.abort();
      resolve();
    };
    if (signals.some((signal) => signal.aborted)) return finish();
    for (const signal of signals) {
      signal.addEventListener("abort", finish, { once: true, signal: done.signal });
    }
  });
}
