export interface EventuallyOptions {
  /** What is waited for, as the middle of a sentence: `the Deployment has 3 ready Pods`. */
  what: string;
  /** Milliseconds; a busy machine needs many times what an idle one does. @default {90_000} */
  timeout?: number;
  /** Milliseconds between two attempts. @default {50} */
  interval?: number;
  /** A reason to fail before the deadline. */
  unless?: () => string | undefined;
  signal?: AbortSignal;
}

/**
 * Calls the probe until it returns something other than `undefined` or `false` without throwing; resolves to that.
 *
 * @throws {Error} at the deadline, saying what was waited for and what the last attempt came to
 */
export async function eventually<T>(
  probe: () => T | Promise<T>,
  options: EventuallyOptions,
): Promise<Exclude<Awaited<T>, undefined | false>> {
  const { what, timeout = 90_000, interval = 50, unless, signal } = options;
  const started = performance.now();
  for (;;) {
    signal?.throwIfAborted();
    const reason = unless?.();
    if (reason !== undefined) throw new Error(`Cannot see that ${what}: ${reason}`);
    let last: unknown;
    try {
      const result = await probe();
      if (isSomething(result)) return result;
      last = result;
    } catch (error) {
      last = error;
    }
    if (performance.now() - started >= timeout) {
      throw new Error(`Cannot see that ${what} within ${timeout / 1_000} s: ${outcome(last)}`, {
        cause: last,
      });
    }
    await new Promise((resolve) => setTimeout(resolve, interval));
  }
}

function isSomething<T>(value: T): value is Exclude<T, undefined | false> {
  return value !== undefined && value !== false;
}

function outcome(last: unknown): string {
  return last instanceof Error
    ? `the last attempt failed: ${last.message}`
    : `the last attempt gave ${Deno.inspect(last)}`;
}
