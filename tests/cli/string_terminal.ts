import type { Connection } from "../../lib/cli/cluster/connection.ts";
import { run } from "../../lib/cli/run.ts";
import { CliError, type Device } from "../../lib/cli/terminal/terminal.ts";
import type { RestClient } from "../../lib/kube/contract.ts";
import { systemClock } from "../../lib/runtime/clock.ts";

export interface StringTerminalOptions {
  /** What was typed to run the program. */
  program?: string;
  files?: Readonly<Record<string, string>>;
  input?: string;
  env?: Readonly<Record<string, string>>;
  colors?: boolean;
  /** Of the window. @default 80 */
  columns?: number;
  /** Whether a person watches standard error. */
  interactive?: boolean;
  /** Whether what is written first is all that anybody reads. */
  readsOnce?: boolean;
  /** What is answered to each question; without it, standard input is no terminal. */
  answer?: boolean;
  /** Called in place of each wait; what it throws interrupts as Ctrl-C does. */
  onSleep?: () => void;
  /** The cluster that live commands talk to; without one there is none. */
  client?: RestClient;
  /** The time by the cluster's clock. @default the terminal's */
  serverTime?: string;
  /** Real time, and the real cluster that the arguments name. */
  live?: boolean;
}

export interface StringTerminal extends Device {
  readonly output: string;
  readonly errors: string;
}

/** A terminal whose files and output are strings, at noon of 1 January 2026 unless it is live. */
export function stringTerminal(options: StringTerminalOptions = {}): StringTerminal {
  const { program = "sidecarset", files = {}, input = "", env = {} } = options;
  const { colors = false, interactive = false } = options;
  const interrupted = new AbortController();
  const closed = new AbortController();
  let now = Date.parse("2026-01-01T12:00:00Z");
  let output = "";
  let errors = "";
  return {
    program,
    write(text) {
      output += text;
      if (options.readsOnce) closed.abort();
    },
    error: (text) => errors += text,
    confirm: () => options.answer,
    readInput: () => Promise.resolve(input),
    readFile(path) {
      const text = Object.hasOwn(files, path) ? files[path] : undefined;
      if (text !== undefined) return Promise.resolve(text);
      const { NotFound, IsADirectory } = Deno.errors;
      const isFolder = Object.keys(files).some((each) => each.startsWith(`${path}/`));
      return Promise.reject(isFolder ? new IsADirectory(path) : new NotFound(path));
    },
    readFolder(path) {
      const inside = Object.keys(files).filter((each) => each.startsWith(`${path}/`));
      return Promise.resolve(inside.map((each) => each.slice(path.length + 1)));
    },
    env: (name) => env[name],
    now: () => options.live ? new Date() : new Date(now),
    sleep(milliseconds, signal) {
      if (options.live) return systemClock().sleep(milliseconds, signal);
      now += milliseconds;
      try {
        options.onSleep?.();
      } catch {
        interrupted.abort();
      }
      return Promise.resolve();
    },
    interruptible: (work) => work(interrupted.signal),
    closed: closed.signal,
    window: () => ({ columns: options.columns ?? 80, rows: 24 }),
    interactive,
    colors,
    get output() {
      return output;
    },
    get errors() {
      return errors;
    },
  };
}

export interface Ran {
  status: number;
  output: string;
  errors: string;
}

/** Runs a command line on strings. */
export async function runCli(
  args: readonly string[],
  options: StringTerminalOptions = {},
): Promise<Ran> {
  const terminal = stringTerminal(options);
  const status = options.live
    ? await run(args, terminal)
    : await run(args, terminal, { connect: () => connectionTo(options, terminal) });
  return { status, output: terminal.output, errors: terminal.errors };
}

function connectionTo(
  { client, serverTime }: StringTerminalOptions,
  terminal: StringTerminal,
): Promise<Connection> {
  if (client === undefined) {
    return Promise.reject(new CliError("Cannot find a cluster: this test has none"));
  }
  const now = () => serverTime === undefined ? terminal.now() : new Date(serverTime);
  return Promise.resolve({ client, namespace: "default", now });
}
