import assert from "node:assert/strict";
import { join } from "node:path";
import { kubectlEnv } from "./kubectl.ts";
import { makePrograms } from "./programs.ts";

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/**
 * The shell of a user who has `kubectl`, `sidecarset` and the plugin `kubectl sidecarset` on the PATH, for one
 * cluster. Commands run in a folder of their own. Dispose of it.
 */
export class UserShell implements AsyncDisposable {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;

  private constructor(folder: string, env: Record<string, string>) {
    this.folder = folder;
    this.env = env;
  }

  static async open(kubeconfig: string): Promise<UserShell> {
    const folder = await Deno.makeTempDir({ prefix: "sidecarset-shell-" });
    const programs = await makePrograms(folder);
    const path = `${programs}:${Deno.env.get("PATH") ?? ""}`;
    return new UserShell(folder, { ...kubectlEnv(kubeconfig), PATH: path });
  }

  /** Puts a file into the folder. */
  async write(name: string, text: string): Promise<void> {
    await Deno.writeTextFile(join(this.folder, name), text);
  }

  /** Runs a command to its end; any exit status is part of the result. */
  async run(command: string): Promise<Ran> {
    const child = new Deno.Command("sh", {
      args: ["-c", command],
      cwd: this.folder,
      env: { ...this.env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
    const { code, stdout, stderr } = await child.output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  }

  /** Runs a command that has to end with this status, and resolves to what it prints on standard output. */
  async output(command: string, code = 0): Promise<string> {
    const ran = await this.run(command);
    assert.equal(ran.code, code, `${command} ended with ${ran.code}: ${ran.stdout}${ran.stderr}`);
    return ran.stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}
