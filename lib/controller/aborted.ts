/**
 * Resolves when one of the signals is aborted. It listens to each signal, because the sources of `AbortSignal.any()`
 * hold it weakly: Deno collects it together with its listeners, and the promise would never resolve.
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
