/** Shorter texts are parsed at once: what they become does not matter beside the rest. */
const LARGE_CHARACTERS = 256 * 1024;

/**
 * Parses one large text in each turn of the event loop, so that the value of the one before has been read, and most of it dropped, when the
 * next one needs its memory.
 */
export class ParseTurns {
  #free: Promise<void> = Promise.resolve();

  async parse<T>(text: string, parse: (text: string) => T): Promise<T> {
    if (text.length <= LARGE_CHARACTERS) return parse(text);
    const turn = this.#free;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#free = promise;
    await turn;
    try {
      return parse(text);
    } finally {
      setTimeout(resolve);
    }
  }
}
