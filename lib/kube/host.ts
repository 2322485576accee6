/** The operating system, as far as kubeconfigs and credentials need it. */
export interface Host {
  env(name: string): string | undefined;
  /** Sets a variable of this process and of programs that it runs later. */
  setEnv(name: string, value: string): void;
  /** Rejects as `Deno.readTextFile` does. */
  readTextFile(path: string): Promise<string>;
  /** Runs a program without standard input until it exits. Rejects if it cannot be started or the signal is aborted. */
  run(program: string, options: RunOptions): Promise<RunResult>;
}

/** How to run a program. */
export interface RunOptions {
  args: readonly string[];
  /** Added to the environment of this process. */
  env: Readonly<Record<string, string>>;
  signal: AbortSignal;
}

/** Result of a program that has ended. */
export interface RunResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** The operating system through Deno's APIs. */
export function denoHost(): Host {
  return {
    env: (name) => Deno.env.get(name),
    setEnv: (name, value) => Deno.env.set(name, value),
    readTextFile: (path) => Deno.readTextFile(path),
    async run(program, { args, env, signal }) {
      const command = new Deno.Command(program, { args: [...args], env, signal, stdin: "null" });
      const { code, stdout, stderr } = await command.output();
      const decoder = new TextDecoder();
      return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
    },
  };
}
