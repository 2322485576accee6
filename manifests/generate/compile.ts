import { parseArgs } from "node:util";

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

/** Compiles the program into `dist/`, for this machine, for one target or, with `--all`, for all of them. */
async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { target: { type: "string" }, all: { type: "boolean", default: false } },
  });
  const { target, all } = values;
  if (target !== undefined && !TARGETS.some((known) => known === target)) {
    console.error(`Cannot compile for ${target}: the targets are ${TARGETS.join(", ")}`);
    return 2;
  }
  const targets = all ? TARGETS : [target];
  for (const each of targets) {
    const problem = await compile(each);
    if (problem === undefined) continue;
    console.error(problem);
    return 1;
  }
  return 0;
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
  output = target === undefined ? "dist/sidecarset" : `dist/sidecarset-${target}`,
): Promise<string | undefined> {
  const [major = 0, minor = 0] = Deno.version.deno.split(".").map(Number);
  if (major < MIN_DENO.major || (major === MIN_DENO.major && minor < MIN_DENO.minor)) {
    return `Cannot compile with Deno ${Deno.version.deno}: its executables lose admission reviews ` +
      `when they stop; use ${MIN_DENO.major}.${MIN_DENO.minor} or newer`;
  }
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...await compileArguments(output, target)],
    cwd: new URL("../../", import.meta.url),
    stdout: "inherit",
    stderr: "piped",
  }).output();
  if (success) {
    console.log(`Wrote ${output}`);
    return undefined;
  }
  const said = new TextDecoder().decode(stderr);
  const address = /error sending request for url \((\S*denort\S*)\)/.exec(said)?.[1];
  if (address === undefined) return said.trimEnd();
  return `Cannot compile: Deno's runtime for executables cannot be had from ${address}; ` +
    "run it where that address answers, or name a downloaded one in DENORT_BIN";
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
