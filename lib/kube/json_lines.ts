import type { JSONValue } from "./contract.ts";

/** Far above any stored object (etcd takes 1.5 MiB); a line without an end must not fill the memory. */
const LONGEST_LINE = 64 * 1024 * 1024;

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
    if (this.#length > LONGEST_LINE) {
      throw new SyntaxError(`an event is longer than ${LONGEST_LINE} characters`);
    }
  }

  end(): void {
    if (this.#parts.join("").trim() !== "") throw new UnexpectedEnd();
  }
}
