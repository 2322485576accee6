import { join } from "node:path";

/**
 * Reads until its input ends, which is when the process that holds the other end has ended; then ends what that left
 * behind.
 */
const SCRIPT = `
cat >/dev/null
for file in "$0"/run/*.pid; do
  [ -f "$file" ] && kill -9 "$(cat "$file")"
done
eval "$1"
rm -rf "$0"
`;

export interface GuardianOptions {
  /** Shell commands for when the processes have been killed and the folder, `$0`, is still there. @default none */
  finally?: string;
}

/**
 * A small process for the servers of one folder that ends them and removes the folder once this process has ended,
 * in whatever way: after a signal, a crash or SIGKILL no other process can do so.
 */
export class Guardian {
  readonly #child: Deno.ChildProcess;

  /** @param folder With `run/`, where each process has a file with its id. */
  constructor(folder: string, options: GuardianOptions = {}) {
    Deno.mkdirSync(join(folder, "run"), { recursive: true });
    this.#child = new Deno.Command("sh", {
      args: ["-c", SCRIPT, folder, options.finally ?? ""],
      stdin: "piped",
      stdout: "null",
      stderr: "null",
      detached: true,
    }).spawn();
  }

  /** Ends what still runs, removes the folder, and waits for both. */
  async dismiss(): Promise<void> {
    await this.#child.stdin.close();
    await this.#child.status;
  }
}
