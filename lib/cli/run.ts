import { CommanderError } from "commander";
import { createProgram } from "./program.ts";
import { CliError, type Terminal } from "./terminal.ts";

/**
 * Runs one command line.
 *
 * @param args Arguments after the program's name.
 * @returns The exit status: 0 when it worked, 1 when the command says no, 2 when the command line or its input cannot be used.
 */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  let status = 0;
  const program = createProgram(terminal, (value) => status = value);
  try {
    await program.parseAsync([...args], { from: "user" });
    return status;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!(error instanceof Error)) throw error;
    const verbose = args.includes("--verbose");
    if (error instanceof CliError && !verbose) terminal.error(`${error.message}\n`);
    else if (verbose) terminal.error(`${error.stack}\n`);
    else {
      terminal.error(
        `The program failed: ${error.message}. This is a bug: run it with --verbose and report what it prints\n`,
      );
    }
    return 2;
  }
}
