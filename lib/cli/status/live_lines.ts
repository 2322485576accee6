import type { Terminal } from "../terminal/terminal.ts";

/** Lines on standard error that are written over until the end. Nothing of the terminal is changed, so that nothing has to be restored. */
export class LiveLines {
  readonly #terminal: Terminal;
  #shown: readonly string[] = [];

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Shows these lines in place of those before; each must fit into the window. */
  show(lines: readonly string[]): void {
    if (lines.length === this.#shown.length && lines.every((line, i) => line === this.#shown[i])) {
      return;
    }
    if (this.#shown.length > 0) this.#terminal.eraseLines(this.#shown.length);
    this.#terminal.error(lines.map((line) => `${line}\n`).join(""));
    this.#shown = lines;
  }
}
