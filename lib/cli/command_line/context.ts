import type { Connect } from "../cluster/connect.ts";
import type { Terminal } from "../terminal/terminal.ts";

/** What a command is given when it is added to the program. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly connect: Connect;
  /** Tells the exit status of a command that ran. */
  exit(status: number): void;
}
