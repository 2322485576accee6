import process from "node:process";
import { inspect } from "node:util";
import { printable } from "../../core/printable.ts";

/** What the program has of the process; a test gives it strings. Texts are written as they are. */
export interface Device {
  /** What a person types to run the program: `sidecarset`, or `kubectl sidecarset` where it is kubectl's plugin. */
  readonly program: string;
  write(text: string): void;
  error(text: string): void;
  /** All of standard input. */
  readInput(): Promise<string>;
  readFile(path: string): Promise<string>;
  /** Names of what is in a folder. */
  readFolder(path: string): Promise<string[]>;
  env(name: string): string | undefined;
  now(): Date;
  /** Resolves after the delay, or at once when the signal is aborted. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
  /** Calls the function with a signal that Ctrl-C aborts, instead of ending the process. */
  interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Aborted when nobody reads standard output any more, as behind `| head`. */
  readonly closed: AbortSignal;
  /** Size of the window, where a person watches. */
  window(): { readonly columns: number; readonly rows: number };
  /** Whether a person watches standard error, on a terminal that can write over what it shows. */
  readonly interactive: boolean;
  /** Whether standard output shows colours: it is a terminal, and the environment does not say `NO_COLOR`. */
  readonly colors: boolean;
}

export type Color = "green" | "yellow" | "red" | "cyan" | "bold";

/** What a command has of the process. What it writes as text is printable, whatever a cluster has put into it. */
export interface Terminal extends Device {
  /** Writes data for other programs to standard output, to the byte. */
  writeData(text: string): void;
  /** The text in a colour, for {@linkcode Device.write}. */
  styled(text: string, color: Color): string;
  /** Moves up on standard error and erases what stands from there on. */
  eraseLines(count: number): void;
}

/** An error that is the user's to mend; its message says how. */
export class CliError extends Error {
  override name = "CliError";
}

/** The process's own terminal. */
export function processTerminal(): Device {
  const encoder = new TextEncoder();
  const closed = new AbortController();
  const isDumb = Deno.env.get("TERM") === "dumb";
  return {
    program: programCalled(process.argv0),
    write: (text) => print(encoder.encode(text), closed),
    error: (text) => complain(encoder.encode(text)),
    readInput: () => new Response(Deno.stdin.readable).text(),
    readFile: (path) => Deno.readTextFile(path),
    readFolder: async (path) => (await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name),
    env: (name) => Deno.env.get(name),
    now: () => new Date(),
    sleep,
    interruptible,
    closed: closed.signal,
    window,
    interactive: Deno.stderr.isTerminal() && !isDumb,
    colors: Deno.stdout.isTerminal() && !isDumb && !Deno.env.get("NO_COLOR"),
  };
}

/** @param executable As it was called; kubectl calls a plugin by its path. */
function programCalled(executable: string): string {
  return executable.split("/").at(-1) === "kubectl-sidecarset"
    ? "kubectl sidecarset"
    : "sidecarset";
}

/** A terminal that does not know its size is taken for the smallest usual one. */
function window(): { columns: number; rows: number } {
  const isThere = Deno.stderr.isTerminal() || Deno.stdout.isTerminal();
  const { columns, rows } = isThere ? Deno.consoleSize() : { columns: 0, rows: 0 };
  return { columns: columns || 80, rows: rows || 24 };
}

function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", done, { once: true });
  });
}

async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interrupted = new AbortController();
  const onInterrupt = () => interrupted.abort();
  Deno.addSignalListener("SIGINT", onInterrupt);
  try {
    return await work(interrupted.signal);
  } finally {
    Deno.removeSignalListener("SIGINT", onInterrupt);
  }
}

function print(bytes: Uint8Array, closed: AbortController): void {
  try {
    writeAll(Deno.stdout, bytes);
  } catch (error) {
    // Whoever read it has seen enough.
    if (error instanceof Deno.errors.BrokenPipe) return closed.abort();
    throw new CliError(
      `Cannot write standard output: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function complain(bytes: Uint8Array): void {
  try {
    writeAll(Deno.stderr, bytes);
  } catch {
    // There is nobody to tell.
  }
}

function writeAll(output: { writeSync(bytes: Uint8Array): number }, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length;) {
    written += output.writeSync(bytes.subarray(written));
  }
}

/**
 * The terminal of a command. This is the one place where text leaves for a person: what a cluster or a file has put into it loses its
 * control characters here, and only what the program itself has coloured gets escape sequences.
 */
export function createTerminal(device: Device): Terminal {
  // A mark that no text from elsewhere can hold.
  const mark = crypto.randomUUID();
  const marks = new RegExp(`${mark}(\\d+);`, "g");
  const shown = (text: string) =>
    printable(text).replace(marks, (_mark, code: string) => `\x1b[${code}m`);
  return {
    ...device,
    write: (text) => device.write(shown(text)),
    error: (text) => device.error(shown(text)),
    writeData: (text) => device.write(text),
    styled(text: string, color: Color) {
      const [on, off] = inspect.colors[color] ?? [0, 0];
      return `${mark}${on};${text}${mark}${off};`;
    },
    eraseLines: (count) => device.error(`\x1b[${count}A\x1b[0J`),
  };
}
