import { CommanderError } from "commander";
import { parsedForms } from "./command_line/arguments.ts";
import { type Connect, connect as connectToCluster } from "./command_line/context.ts";
import { createProgram } from "./program.ts";
import { failureText } from "./terminal/failure_text.ts";
import { createTerminal, type Device } from "./terminal/terminal.ts";

interface RunOptions {
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
