import type { Clock } from "../api/clock.ts";
import { fileProblem } from "../api/problems.ts";
import type { Logger } from "../api/logger.ts";
import { CredentialsError } from "./errors.ts";
import type { Host } from "./host.ts";

/** A text that can change while the program runs, such as a token. */
export interface TextSource {
  /** @throws {CredentialsError} if the text could never be read */
  read(): Promise<string>;
  /** The text was not accepted: the next `read` reloads it. */
  expire(): void;
}

/** Source of the file, and the clock of its cache. */
export interface TextFileOptions {
  host: Pick<Host, "readTextFile">;
  clock: Clock;
  logger: Logger;
}

/** Projected tokens are rotated long before they expire (client-go's `transport/token_source.go`). */
const REREAD_INTERVAL_MS = 60_000;

/** A text that never changes. */
export function fixedText(text: string): TextSource {
  return { read: () => Promise.resolve(text), expire() {} };
}

/** A file that is read again after a minute, or after `expire`. If that fails, the last text stays in use. */
export class TextFile implements TextSource {
  readonly #path: string;
  readonly #options: TextFileOptions;
  #text: string | undefined;
  #rereadAt = -Infinity;
  #reading: Promise<string> | undefined;

  constructor(path: string, options: TextFileOptions) {
    this.#path = path;
    this.#options = options;
  }

  read(): Promise<string> {
    if (this.#text !== undefined && this.#options.clock.monotonic() < this.#rereadAt) {
      return Promise.resolve(this.#text);
    }
    this.#reading ??= this.#reread().finally(() => this.#reading = undefined);
    return this.#reading;
  }

  expire(): void {
    this.#rereadAt = -Infinity;
  }

  async #reread(): Promise<string> {
    const { host, clock, logger } = this.#options;
    this.#rereadAt = clock.monotonic() + REREAD_INTERVAL_MS;
    try {
      const text = (await host.readTextFile(this.#path)).trim();
      if (text === "") throw new Error("it is empty");
      this.#text = text;
      return text;
    } catch (cause) {
      const error = fileProblem(cause);
      if (this.#text === undefined) {
        throw new CredentialsError(`Cannot read ${this.#path}: ${error}`, { cause });
      }
      logger.warn("Cannot read a credential file again; its last content stays in use", {
        file: this.#path,
        error,
      });
      return this.#text;
    }
  }
}
