import { join } from "node:path";

/** Reads until its input ends, which is when the process that holds the other end is gone; then ends what that left behind. */
const SCRIPT = `
cat >/dev/null
for file in "$0"/run/*.pid; do
  [ -f "$file" ] && kill -9 "$(cat "$file")"
done
rm -rf "$0"
`;

/**
 * A small process beside the servers of one folder that ends them and removes the folder once this process is gone, however it ended:
 * after a signal, a crash or SIGKILL there is nobody else left to do so.
 */
export class Guardian {
  readonly #child: Deno.ChildProcess;

  /** @param folder With `run/`, where each process has a file with its id. */
  constructor(folder: string) {
    Deno.mkdirSync(join(folder, "run"), { recursive: true });
    this.#child = new Deno.Command("sh", {
      args: ["-c", SCRIPT, folder],
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
