import { run } from "../../lib/cli/run.ts";
import type { Terminal } from "../../lib/cli/terminal.ts";

export interface StringTerminalOptions {
  files?: Readonly<Record<string, string>>;
  input?: string;
  env?: Readonly<Record<string, string>>;
  colors?: boolean;
}

export interface StringTerminal extends Terminal {
  readonly output: string;
  readonly errors: string;
}

/** A terminal whose files and output are strings, at noon of 1 January 2026. */
export function stringTerminal(options: StringTerminalOptions = {}): StringTerminal {
  const { files = {}, input = "", env = {}, colors = false } = options;
  let output = "";
  let errors = "";
  return {
    write: (text) => output += text,
    error: (text) => errors += text,
    readInput: () => Promise.resolve(input),
    readFile(path) {
      const text = Object.hasOwn(files, path) ? files[path] : undefined;
      return text === undefined
        ? Promise.reject(new Deno.errors.NotFound(path))
        : Promise.resolve(text);
    },
    env: (name) => env[name],
    now: () => new Date("2026-01-01T12:00:00Z"),
    interactive: false,
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
  const status = await run(args, terminal);
  return { status, output: terminal.output, errors: terminal.errors };
}
