import { parseArgs } from "node:util";

/** Where the executable runs, as `deno compile` names it; `deno task compile` without a target makes one for this machine. */
export const TARGETS = [
  "x86_64-unknown-linux-gnu",
  "aarch64-unknown-linux-gnu",
  "x86_64-apple-darwin",
  "aarch64-apple-darwin",
] as const;

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
export function compileArguments(output: string, target?: string): readonly string[] {
  return [
    "compile",
    "--permission-set",
    // Without it, the packages of tests and generators are embedded as well.
    "--exclude-unused-npm",
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
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...compileArguments(output, target)],
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

if (import.meta.main) Deno.exit(await main(Deno.args));
