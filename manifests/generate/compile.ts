import { targetOf } from "./executable_target.ts";
import { taskOptions } from "./task_options.ts";

/**
 * Where the executable runs, as `deno compile` names it; `deno task compile` without a target makes one for this
 * machine.
 */
export const TARGETS = [
  "x86_64-unknown-linux-gnu",
  "aarch64-unknown-linux-gnu",
  "x86_64-apple-darwin",
  "aarch64-apple-darwin",
] as const;

/** The first version of Deno whose listeners answer the requests that arrive while they shut down. */
const MIN_DENO = { major: 2, minor: 8 };

/**
 * Folders of packages that the program does not import, by package: sources, older interfaces and other module formats.
 * Without them the executable is 4 MB smaller.
 */
const UNUSED_FOLDERS: Readonly<Record<string, readonly string[]>> = {
  zod: ["src", "v3"],
  yaml: ["browser"],
  diff: ["dist", "libcjs"],
};

const USAGE = `Usage: deno task compile [--target TARGET | --all]
  --target TARGET  one of ${TARGETS.join(", ")}
  --all            compile for all of them`;

/** Compiles the program into `dist/`, for this machine, for one target or, with `--all`, for all of them. */
async function main(args: readonly string[]): Promise<number> {
  const values = taskOptions(args, {
    options: { target: { type: "string" }, all: { type: "boolean", default: false } },
    usage: USAGE,
  });
  if (typeof values === "number") return values;
  const { target, all } = values;
  const problem = target === undefined ? undefined : unknownTarget(target);
  if (problem !== undefined) {
    console.error(problem);
    return 2;
  }
  let status = 0;
  for (const each of all ? TARGETS : [target]) {
    const output = each === undefined ? "dist/sidecarset" : `dist/sidecarset-${each}`;
    const reason = await compile(each, output);
    if (reason === undefined) {
      console.log(`Wrote ${output}`);
      continue;
    }
    console.error(reason);
    status = 1;
  }
  return status;
}

/** What is wrong with the name of a target. */
export function unknownTarget(target: string): string | undefined {
  if (TARGETS.some((known) => known === target)) return undefined;
  return `Cannot compile for ${target}: the targets are ${TARGETS.join(", ")}`;
}

/** Arguments of `deno` that compile the program into a file. */
export async function compileArguments(
  output: string,
  target?: string,
): Promise<readonly string[]> {
  const unused = await unusedFolders();
  return [
    "compile",
    "--permission-set",
    // Without it, the packages of tests and generators are embedded as well.
    "--exclude-unused-npm",
    ...unused.flatMap((folder) => ["--exclude", folder]),
    "--output",
    output,
    ...(target === undefined ? [] : ["--target", target]),
    "main.ts",
  ];
}

/**
 * Compiles the program.
 *
 * @param output file to write, relative to the repository
 * @returns why it could not be done
 */
export async function compile(
  target: string | undefined,
  output: string,
): Promise<string | undefined> {
  const [major = 0, minor = 0] = Deno.version.deno.split(".").map(Number);
  if (major < MIN_DENO.major || (major === MIN_DENO.major && minor < MIN_DENO.minor)) {
    return `Cannot compile with Deno ${Deno.version.deno}: its executables lose admission reviews ` +
      `when they stop; use ${MIN_DENO.major}.${MIN_DENO.minor} or newer`;
  }
  const wrongRuntime = await findWrongRuntime(target ?? Deno.build.target);
  if (wrongRuntime !== undefined) return wrongRuntime;
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...await compileArguments(output, target)],
    cwd: new URL("../../", import.meta.url),
    stdout: "inherit",
    stderr: "piped",
  }).output();
  if (success) return undefined;
  const said = new TextDecoder().decode(stderr);
  const address = /error sending request for url \((\S*denort\S*)\)/.exec(said)?.[1];
  if (address === undefined) return said.trimEnd();
  return `Cannot compile for ${target ?? Deno.build.target}: Deno's runtime for executables ` +
    `cannot be had from ${address}; run it where that address answers, or unpack a download of it ` +
    "and name the file in DENORT_BIN";
}

/** Deno takes the runtime that DENORT_BIN names for every target: the wrong one gives an executable that cannot run. */
async function findWrongRuntime(target: string): Promise<string | undefined> {
  const runtime = Deno.env.get("DENORT_BIN");
  if (!runtime) return undefined;
  try {
    const found = await targetOf(runtime);
    if (found === target) return undefined;
    return `Cannot compile for ${target}: DENORT_BIN names a runtime for ${
      found ?? "no target"
    }; ` +
      `name one for ${target}, or unset it to download one`;
  } catch (error) {
    const { message } = error instanceof Error ? error : new Error(String(error));
    return `Cannot compile for ${target}: DENORT_BIN names a file that cannot be read: ${message}`;
  }
}

/** Paths of `UNUSED_FOLDERS` in Deno's cache, from which `deno compile` takes packages. Downloads them if absent. */
async function unusedFolders(): Promise<string[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "main.ts"],
    cwd: new URL("../../", import.meta.url),
    stderr: "inherit",
  }).output();
  const { npmPackages }: { npmPackages: Record<string, { name: string; localPath: string }> } = JSON
    .parse(new TextDecoder().decode(stdout));
  return Object.values(npmPackages).flatMap(({ name, localPath }) =>
    (UNUSED_FOLDERS[name] ?? []).map((folder) => `${localPath}/${folder}`)
  );
}

if (import.meta.main) Deno.exit(await main(Deno.args));
