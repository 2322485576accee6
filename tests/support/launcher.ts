import { imageLauncher } from "./image_launcher.ts";

/** What to start a process with. */
export interface Launch {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface LaunchOptions {
  /** Arguments of the program; the way to the cluster is not among them. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly kubeconfig: string;
  /** Exists, and is removed after the process has ended. */
  readonly folder: string;
  /** Milliseconds by which the process's clock is set ahead. */
  readonly clockOffset?: number;
}

/** How tests start the controller. */
export interface Launcher {
  prepare(options: LaunchOptions): Promise<Launch>;
  /** Shell commands that remove what `prepare` made outside of the folder, `$0`. */
  readonly cleanUp: string;
}

/** The file that tests run instead of the sources. */
export function testedExecutable(): string | undefined {
  return Deno.env.get("SIDECARSET_EXECUTABLE") || undefined;
}

/** The executable as in its image where SIDECARSET_EXECUTABLE names one, else the sources by `deno run`. */
export function chooseLauncher(): Launcher {
  const executable = testedExecutable();
  return executable === undefined ? sourceLauncher : imageLauncher(executable);
}

const sourceLauncher: Launcher = {
  prepare({ args, env, kubeconfig, clockOffset }) {
    const preload = clockOffset === undefined
      ? []
      : ["--preload", new URL(`offset_clock.ts?${clockOffset}`, import.meta.url).href];
    return Promise.resolve({
      program: Deno.execPath(),
      args: [
        "run",
        // The permissions of the executable, and no questions about others.
        "-P",
        "--no-prompt",
        "--quiet",
        "--no-check",
        ...preload,
        new URL("../../main.ts", import.meta.url).pathname,
        ...args,
        "--kubeconfig",
        kubeconfig,
      ],
      env,
    });
  },
  cleanUp: "",
};
