import { dirname, join } from "node:path";
import { findBinaries } from "./binaries.ts";

export interface KubectlOptions {
  kubeconfig: string;
  /** What kubectl reads with `-f -`. */
  input?: string;
  signal?: AbortSignal;
}

export interface KubectlResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** What a kubectl that uses this cluster has in its environment. */
export function kubectlEnv(kubeconfig: string): Record<string, string> {
  return {
    KUBECONFIG: kubeconfig,
    // The machine's own settings of kubectl (aliases, another config) do not matter.
    KUBERC: "off",
    // Nor what it remembers of another server that had the same port.
    KUBECACHEDIR: join(dirname(kubeconfig), "kubectl-cache"),
  };
}

/** Runs the pinned kubectl to its end; an exit status other than 0 is part of the result, not an error. */
export async function kubectl(
  args: readonly string[],
  { kubeconfig, input, signal }: KubectlOptions,
): Promise<KubectlResult> {
  const binaries = await findBinaries(["kubectl"], {
    progress: (message) => console.error(message),
  });
  const child = new Deno.Command(binaries.path("kubectl"), {
    args: [...args],
    env: kubectlEnv(kubeconfig),
    stdin: input === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
    ...(signal ? { signal } : {}),
  }).spawn();
  const output = child.output();
  if (input !== undefined) await new Blob([input]).stream().pipeTo(child.stdin);
  const { code, stdout, stderr } = await output;
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/**
 * Runs kubectl and resolves to what it prints.
 *
 * @throws {Error} with what it says on standard error, if it fails
 */
export async function kubectlOutput(
  args: readonly string[],
  options: KubectlOptions,
): Promise<string> {
  const result = await kubectl(args, options);
  if (result.code !== 0) throw failure(args, result);
  return result.stdout;
}

/**
 * Runs kubectl and resolves to the warnings of the API server that it prints.
 *
 * @throws {Error} with what it says on standard error, if it fails
 */
export async function warningsOf(
  { kubeconfig }: Pick<KubectlOptions, "kubeconfig">,
  args: readonly string[],
  input?: string,
): Promise<string[]> {
  const result = await kubectl(args, { kubeconfig, ...(input === undefined ? {} : { input }) });
  if (result.code !== 0) throw failure(args, result);
  return [...result.stderr.matchAll(/^Warning: (.*)$/gm)].map(([, text = ""]) => text);
}

function failure(args: readonly string[], { code, stderr }: KubectlResult): Error {
  return new Error(`Cannot kubectl ${args.join(" ")}: it ended with ${code}: ${stderr.trim()}`);
}
