/**
 * The body of an answer, which fails with the signal's reason when that is aborted. fetch alone does not see to that: once the head of an answer
 * has come, Deno 2.9.6 forgets the signal at the next garbage collection, and a read goes on waiting.
 */
export function abortableBody(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  signal: AbortSignal,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = body.getReader();
  const ended = new AbortController();
  return new ReadableStream({
    start(controller) {
      const abort = () => {
        controller.error(signal.reason);
        reader.cancel(signal.reason).catch(() => {});
      };
      if (signal.aborted) abort();
      else signal.addEventListener("abort", abort, { once: true, signal: ended.signal });
    },
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (signal.aborted) return;
        if (!done) return controller.enqueue(value);
        controller.close();
        ended.abort();
      } catch (error) {
        ended.abort();
        throw error;
      }
    },
    cancel(reason) {
      ended.abort();
      return reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}
