import type { ParseArgsOptionsConfig } from "node:util";
import { targetOf } from "./executable_target.ts";
import { platformName, TARGETS, unknownTarget } from "./platforms.ts";
import { taskOptions } from "./task_options.ts";

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

const USAGE = `Usage: deno task compile [options]
  --target TARGET  one of ${TARGETS.join(", ")}; may be repeated (this machine's)
  --linux ARCH     for Linux on amd64 or arm64, as container builds name the machine
  --output FILE    where to write (dist/sidecarset, or dist/sidecarset-TARGET)`;
const OPTIONS = {
  target: { type: "string", multiple: true, default: [] as string[] },
  linux: { type: "string", multiple: true, default: [] as string[] },
  output: { type: "string" },
} satisfies ParseArgsOptionsConfig;

/** Compiles the program for this machine, or for each target. */
async function main(args: readonly string[]): Promise<number> {
  const values = taskOptions(args, { options: OPTIONS, usage: USAGE });
  if (typeof values === "number") return values;
  const machines = values.linux.map((arch) =>
    TARGETS.find((target) => platformName(target) === `linux-${arch}`) ?? arch
  );
  const targets = [...values.target, ...machines];
  const problem = targets.map(unknownTarget).find((each) => each !== undefined) ??
    (values.output !== undefined && targets.length > 1
      ? "Cannot compile for several targets into one file: leave out --output"
      : undefined);
  if (problem !== undefined) {
    console.error(problem);
    return 2;
  }
  let status = 0;
  for (const target of targets.length > 0 ? targets : [undefined]) {
    const output = values.output ??
      (target === undefined ? "dist/sidecarset" : `dist/sidecarset-${target}`);
    const reason = await compile(target, output);
    if (reason === undefined) {
      console.log(`Wrote ${output}`);
      continue;
    }
    console.error(reason);
    status = 1;
  }
  return status;
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
    // CI checks the types.
    "--no-check",
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
