/** What a command has of the process; a test gives it strings. */
export interface Terminal {
  write(text: string): void;
  error(text: string): void;
  /** All of standard input. */
  readInput(): Promise<string>;
  readFile(path: string): Promise<string>;
  env(name: string): string | undefined;
  now(): Date;
  /** Whether a person watches standard error. */
  readonly interactive: boolean;
  /** Whether standard output shows colours: it is a terminal, and the environment does not say `NO_COLOR`. */
  readonly colors: boolean;
}

/** An error that is the user's to mend; its message says how. */
export class CliError extends Error {
  override name = "CliError";
}

/** The process's own terminal. */
export function processTerminal(): Terminal {
  const encoder = new TextEncoder();
  return {
    write: (text) => writeAll(Deno.stdout, encoder.encode(text)),
    error: (text) => writeAll(Deno.stderr, encoder.encode(text)),
    readInput: () => new Response(Deno.stdin.readable).text(),
    readFile: (path) => Deno.readTextFile(path),
    env: (name) => Deno.env.get(name),
    now: () => new Date(),
    interactive: Deno.stderr.isTerminal(),
    colors: Deno.stdout.isTerminal() && !Deno.env.get("NO_COLOR"),
  };
}

function writeAll(output: { writeSync(bytes: Uint8Array): number }, bytes: Uint8Array): void {
  try {
    for (let written = 0; written < bytes.length;) {
      written += output.writeSync(bytes.subarray(written));
    }
  } catch (error) {
    // Whoever read it has seen enough: `sidecarset inject ... | head`.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}
