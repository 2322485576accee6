import { join } from "node:path";
import { kubectlEnv } from "../kubectl.ts";

export interface ShellOptions {
  readonly kubeconfig: string;
  /** The folder that is first on the PATH. */
  readonly programs: string;
  /** Where the first command runs. */
  readonly folder: string;
  /** Ends a command that runs. */
  readonly signal?: AbortSignal;
}

export interface Run {
  /** What was printed, on standard error too, in lines. */
  readonly printed: readonly string[];
  /** The exit status. */
  readonly status: number;
}

/** Runs commands in one folder and on one cluster, as an interactive shell does. */
export class ChapterShell {
  readonly #options: ShellOptions;
  #folder: string;

  constructor(options: ShellOptions) {
    this.#options = options;
    this.#folder = options.folder;
  }

  /** Runs a command to its end. */
  async run(command: string): Promise<Run> {
    const [, folder] = /^cd (\S+)$/.exec(command) ?? [];
    if (folder !== undefined) {
      this.#folder = join(this.#folder, folder);
      return { printed: [], status: 0 };
    }
    const { kubeconfig, programs, signal } = this.#options;
    const child = new Deno.Command("sh", {
      args: ["-c", `exec 2>&1\n${command}`],
      cwd: this.#folder,
      env: {
        ...kubectlEnv(kubeconfig),
        PATH: `${programs}:${Deno.env.get("PATH") ?? ""}`,
        NO_COLOR: "1",
      },
      stdin: "null",
      stdout: "piped",
      ...(signal ? { signal } : {}),
    });
    const { stdout, code } = await child.output();
    const text = new TextDecoder().decode(stdout);
    return { printed: text === "" ? [] : text.replace(/\n$/, "").split("\n"), status: code };
  }
}
