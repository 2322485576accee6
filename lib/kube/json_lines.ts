import type { JSONValue } from "./contract.ts";

/**
 * Above any stored object: etcd takes 1.5 MiB, of which JSON escapes make up to 10 MiB. A line without an end must not fill the memory, and what a
 * line of small values becomes is many times its size.
 */
const MAX_LINE_CHARACTERS = 16 * 1024 * 1024;

/**
 * The values of a body with one JSON value a line. The stream fails with a `SyntaxError` on a line that is none (or never ends), and with an
 * `UnexpectedEnd` if the body ends within a line. Nothing is read ahead of demand.
 */
export function jsonLines(body: ReadableStream<Uint8Array>): ReadableStream<JSONValue> {
  const reader = body.getReader();
  const lines = new LineSplitter();
  return new ReadableStream<JSONValue>({
    async pull(controller) {
      try {
        for (let enqueued = false; !enqueued;) {
          const { done, value } = await reader.read();
          if (done) {
            lines.end();
            return controller.close();
          }
          for (const line of lines.push(value)) {
            controller.enqueue(JSON.parse(line));
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
    super("the answer ended in the middle of an event");
  }
}

class LineSplitter {
  readonly #decoder = new TextDecoder();
  /** The parts of a line whose end has not come; joined once, as a long line comes in many. */
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
