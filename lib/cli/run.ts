import { CommanderError } from "commander";
import { clusterErrorText } from "./cluster/cluster_error.ts";
import { parsedForms } from "./command_line/arguments.ts";
import { type Connect, connect as connectToCluster } from "./command_line/context.ts";
import { createProgram } from "./program.ts";
import { CliError, createTerminal, type Device } from "./terminal/terminal.ts";

export interface RunOptions {
  /** @default connects to the cluster of the kubeconfig or the environment */
  readonly connect?: Connect;
}

/**
 * Runs one command line.
 *
 * @param args Arguments without the program's name.
 * @returns The exit status: 0 success, 1 negative result, 2 invalid command line or input.
 */
export async function run(
  args: readonly string[],
  device: Device,
  { connect = connectToCluster }: RunOptions = {},
): Promise<number> {
  const terminal = createTerminal(device);
  let status = 0;
  const program = createProgram({ terminal, connect, exit: (value) => status = value });
  try {
    await program.parseAsync(parsedForms(args, program), { from: "user" });
    return status;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const verbose = program.opts().verbose === true;
    terminal.error(`${failureText(error, { verbose, program: terminal.program })}\n`);
    return 2;
  }
}

function failureText(
  error: unknown,
  { verbose, program }: { verbose: boolean; program: string },
): string {
  if (!(error instanceof Error)) return String(error);
  if (verbose) return error.stack ?? error.message;
  if (error instanceof CliError) return error.message;
  const clusterText = clusterErrorText(error, program);
  if (clusterText !== undefined) return clusterText;
  return `Cannot continue because of a bug: ${error.message}; ` +
    "run the command again with --verbose and report the output";
}
