/**
 * Larger than any stored object: etcd accepts 1.5 MiB, which JSON escapes extend to 10 MiB at most. Bounds the memory
 * of a line without an end; parsed small values take many times the size of their text.
 */
const MAX_LINE_CHARACTERS = 16 * 1024 * 1024;

/**
 * The same body, failing with the signal's reason when the signal is aborted. fetch does not guarantee that: after the
 * response's head, Deno 2.9.6 loses the signal at the next garbage collection, and a pending read never ends.
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

/**
 * The values of a body with one JSON value per line. The stream fails with a `SyntaxError` on a line that is not JSON
 * or too long, and with an `UnexpectedEnd` if the body ends within a line. Nothing is read before it is requested.
 *
 * @param parse as `JSON.parse`
 */
export function jsonLines(
  body: ReadableStream<Uint8Array>,
  parse: (line: string) => unknown = JSON.parse,
): ReadableStream<unknown> {
  const reader = body.getReader();
  const lines = new LineSplitter();
  return new ReadableStream<unknown>({
    async pull(controller) {
      try {
        for (let enqueued = false; !enqueued;) {
          const { done, value } = await reader.read();
          if (done) {
            lines.end();
            return controller.close();
          }
          for (const line of lines.push(value)) {
            controller.enqueue(parse(line));
            enqueued = true;
          }
        }
      } catch (error) {
        await reader.cancel(error).catch(() => {});
        throw error;
      }
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}

/** The body ended within a line: the connection broke. */
export class UnexpectedEnd extends Error {
  override readonly name = "UnexpectedEnd";

  constructor() {
    super("the response ended in the middle of an event");
  }
}

class LineSplitter {
  readonly #decoder = new TextDecoder();
  /** Parts of the incomplete line; joined once, because a long line arrives in many chunks. */
  #parts: string[] = [];
  #length = 0;

  *push(chunk: Uint8Array): Generator<string> {
    const pieces = this.#decoder.decode(chunk, { stream: true }).split("\n");
    const rest = pieces.pop() ?? "";
    for (const piece of pieces) {
      const line = this.#parts.join("") + piece;
      this.#parts = [];
      this.#length = 0;
      if (line.trim() !== "") yield line;
    }
    this.#parts.push(rest);
    this.#length += rest.length;
    if (this.#length > MAX_LINE_CHARACTERS) {
      throw new SyntaxError(`an event is longer than ${MAX_LINE_CHARACTERS} characters`);
    }
  }

  end(): void {
    if (this.#parts.join("").trim() !== "") throw new UnexpectedEnd();
  }
}
