import type { ToolModule } from "./tool_module.ts";

export interface GoOptions {
  module: ToolModule;
  /** The Go command. */
  go: string;
  signal?: AbortSignal;
}

export interface GoBuildOptions extends GoOptions {
  /** Go's name of the program's package. */
  importPath: string;
  output: string;
}

export interface RequireGoOptions extends GoOptions {
  /** Names of the programs that are to be built. */
  programs: readonly string[];
}

/** @throws {Error} if there is no Go, or one that is too old */
export async function requireGo(options: RequireGoOptions): Promise<void> {
  const { module, go, programs, signal } = options;
  const requirement = `Go ${module.goVersion} or later builds the ${module.name} of the tests`;
  const remedy = "install it (https://go.dev/dl), or set KUBEBUILDER_ASSETS to a folder with " +
    programs.join(", ");
  let answer: Answer;
  try {
    answer = await runGo(go, { args: ["env", "GOVERSION"], folder: module.folder, signal });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error(`Cannot find the command ${go}: ${requirement}; ${remedy}`);
  }
  const version = /^go(\d+)\.(\d+)/.exec(answer.stdout);
  const [, major = "", minor = ""] = version ?? [];
  const [requiredMajor, requiredMinor] = module.goVersion.split(".").map(Number);
  const enough = Number(major) > Number(requiredMajor) ||
    (Number(major) === Number(requiredMajor) && Number(minor) >= Number(requiredMinor));
  if (answer.success && enough) return;
  const found = answer.stdout.trim() || answer.stderr.trim();
  throw new Error(`Cannot use this Go: ${requirement}; current version is ${found}; ${remedy}`);
}

/**
 * Builds one program.
 *
 * @throws {Error} with the end of what Go says, if it cannot
 */
export async function goBuild(options: GoBuildOptions): Promise<void> {
  const { module, importPath, output, go, signal } = options;
  const args = ["build", ...module.flags, "-o", output, importPath];
  const { success, stderr } = await runGo(go, { args, folder: module.folder, signal });
  signal?.throwIfAborted();
  if (success) return;
  const said = stderr.trim().split("\n").slice(-10).join("\n");
  throw new Error(`Cannot build ${importPath} with ${go}:\n${said}`);
}

/**
 * Finds the folder with the files of the module that a tool module is there for, and downloads it if need be.
 *
 * @throws {Error} with what Go says, if it cannot
 */
export async function productFolder(module: ToolModule, go = "go"): Promise<string> {
  const args = ["mod", "download", "-json", module.product];
  const { success, stdout, stderr } = await runGo(go, { args, folder: module.folder });
  if (success) return JSON.parse(stdout).Dir;
  throw new Error(`Cannot download ${module.product} with ${go}:\n${stderr.trim() || stdout}`);
}

interface Answer {
  success: boolean;
  stdout: string;
  stderr: string;
}

async function runGo(
  go: string,
  { args, folder, signal }: { args: string[]; folder: string; signal?: AbortSignal | undefined },
): Promise<Answer> {
  const command = new Deno.Command(go, {
    args,
    cwd: folder,
    // No C compiler is asked of the machine, and a workspace around this folder does not matter.
    env: { CGO_ENABLED: "0", GOWORK: "off", GOFLAGS: "" },
    stdin: "null",
    ...(signal ? { signal } : {}),
  });
  const { success, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  return { success, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
