import process from "node:process";
import { inspect } from "node:util";
import { printable } from "../../core/printable.ts";

/** Access to the process; tests replace it with strings. Writes text unchanged. */
export interface Device {
  /** Name of the call: `sidecarset`, or `kubectl sidecarset` for the kubectl plugin. */
  readonly program: string;
  write(text: string): void;
  error(text: string): void;
  /** Asks a yes-or-no question; undefined if standard input is no terminal. */
  confirm(question: string): boolean | undefined;
  /** All of standard input. */
  readInput(): Promise<string>;
  readFile(path: string): Promise<string>;
  /** Names of the entries of a folder. */
  readFolder(path: string): Promise<string[]>;
  env(name: string): string | undefined;
  now(): Date;
  /** Resolves after the delay, or when the signal is aborted. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
  /** Runs the function with a signal that Ctrl-C aborts; Ctrl-C then does not end the process. */
  interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Aborted when the reader of standard output is closed, for example `| head`. */
  readonly closed: AbortSignal;
  /** Size of the terminal window. */
  window(): { readonly columns: number; readonly rows: number };
  /** Whether standard error is a terminal that supports erasing lines. */
  readonly interactive: boolean;
  /** Whether to color standard output: it is a terminal, and `NO_COLOR` is not set. */
  readonly colors: boolean;
}

export type Color = "green" | "yellow" | "red" | "cyan" | "bold";

/** The output of a command. Replaces control characters in text, which can come from the cluster. */
export interface Terminal extends Device {
  /** Writes data for other programs to standard output, unchanged. */
  writeData(text: string): void;
  /** Colors text for {@linkcode Device.write}. */
  styled(text: string, color: Color): string;
  /** Moves the cursor of standard error up and erases everything below. */
  eraseLines(count: number): void;
}

/** An error that the user can fix; the message contains the remedy. */
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
    error: (text) => printError(encoder.encode(text)),
    confirm: (question) => Deno.stdin.isTerminal() ? confirm(question) : undefined,
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

/** @param executable Path of the executable; kubectl calls a plugin by its path. */
function programCalled(executable: string): string {
  return executable.split("/").at(-1) === "kubectl-sidecarset"
    ? "kubectl sidecarset"
    : "sidecarset";
}

/** Assumes 80 by 24 if the terminal has no size. */
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
    // The reader has closed the pipe.
    if (error instanceof Deno.errors.BrokenPipe) return closed.abort();
    throw new CliError(
      `Cannot write standard output: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function printError(bytes: Uint8Array): void {
  try {
    writeAll(Deno.stderr, bytes);
  } catch {
    // Standard error is closed: the error cannot be reported.
  }
}

function writeAll(output: { writeSync(bytes: Uint8Array): number }, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length;) {
    written += output.writeSync(bytes.subarray(written));
  }
}

/**
 * Creates the terminal of a command. It replaces control characters in all text, because text can come from the
 * cluster or from files; only colors of the program itself produce escape sequences.
 */
export function createTerminal(device: Device): Terminal {
  // A random mark, so that external text cannot contain it.
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
