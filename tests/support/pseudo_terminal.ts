import { eventually } from "./eventually.ts";

export interface PseudoTerminalOptions {
  cwd?: string;
  env?: Readonly<Record<string, string>>;
  /** Size of the window. @default {80} */
  columns?: number;
  /** @default {24} */
  rows?: number;
}

/**
 * A program on its own terminal, by `script` of util-linux, which every Debian has. It ends at the latest when
 * it is disposed of.
 */
export class PseudoTerminal implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #keys: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reading: Promise<void>;
  #shown = "";

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#keys = child.stdin.getWriter();
    this.#reading = this.#read();
  }

  /** @param command For a shell. */
  static open(command: string, options: PseudoTerminalOptions = {}): PseudoTerminal {
    const { cwd, env = {}, columns = 80, rows = 24 } = options;
    const sized = `stty cols ${columns} rows ${rows}; ${command}`;
    const child = new Deno.Command("script", {
      args: ["--quiet", "--return", "--flush", "--command", sized, "/dev/null"],
      ...(cwd === undefined ? {} : { cwd }),
      env: { SHELL: "/bin/sh", TERM: "xterm", ...env },
      stdin: "piped",
      stdout: "piped",
    });
    return new PseudoTerminal(child.spawn());
  }

  /** Everything that the program has written so far. */
  get shown(): string {
    return this.#shown;
  }

  /** Types as a keyboard does: `\r` is Enter, `\t` Tab, `\x03` Ctrl-C. */
  async type(keys: string): Promise<void> {
    await this.#keys.write(new TextEncoder().encode(keys));
  }

  /** Waits until the program has written something like this. */
  async until(pattern: RegExp): Promise<void> {
    await eventually(() => {
      if (pattern.test(this.#shown)) return true;
      throw new Error(`the terminal shows ${JSON.stringify(this.#shown)}`);
    }, { what: `the terminal shows ${pattern}` });
  }

  /** Waits for the end of the program, and resolves to its exit status. */
  async ended(): Promise<number> {
    const { code } = await this.#child.status;
    await this.#reading;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      // The program goes with its terminal.
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await this.ended();
    await this.#keys.close().catch(() => {});
  }

  async #read(): Promise<void> {
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      this.#shown += text;
    }
  }
}

/** A line as a person sees it. */
export function withoutEscapes(line: string): string {
  // deno-lint-ignore no-control-regex
  return line.replaceAll(/\x1b\[[0-9;?]*[A-Za-z]/g, "");
}
