import type { ParseArgsOptionsConfig } from "node:util";
import { targetOf } from "./executable_target.ts";
import { platformName, TARGETS, unknownTarget } from "./platforms.ts";
import { taskOptions } from "./task_options.ts";

const REPOSITORY = new URL("../../", import.meta.url);

/** The first version of Deno whose listeners answer the requests that arrive while they shut down. */
const MIN_DENO = { major: 2, minor: 8 };

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

/**
 * Bundles the program with its packages and manifests: `main.js`, and a file for each part that a command loads when it
 * needs it; and the configuration. One large module starts faster and needs less memory than hundreds of small ones. It
 * is not minified, so that stack traces keep their names.
 *
 * @param folder where to write; an absolute path
 * @returns the error, if it fails
 */
export async function bundle(folder: string): Promise<string | undefined> {
  const failure = await deno(
    ["bundle", "--quiet", "--code-splitting", "--outdir", folder, "main.ts"],
  );
  if (failure !== undefined) return failure;
  // An executable contains the times of its files. Fixed ones make its bytes reproducible.
  for await (const { name } of Deno.readDir(folder)) await Deno.utime(`${folder}/${name}`, 0, 0);
  await Deno.copyFile(new URL("deno.json", REPOSITORY), `${folder}/deno.json`);
  return undefined;
}

/** Arguments of `deno` that compile a bundle into a file. */
export function compileArguments(
  { folder, output, target }: {
    readonly folder: string;
    readonly output: string;
    readonly target?: string | undefined;
  },
): readonly string[] {
  return [
    "compile",
    // For its permission set. From the same folder, as an executable contains the path from their common parent.
    ...["--config", `${folder}/deno.json`],
    "--permission-set",
    // CI checks the types.
    "--no-check",
    // Without it, the packages of tests and generators are embedded.
    "--exclude-unused-npm",
    ...["--output", output],
    ...(target === undefined ? [] : ["--target", target]),
    `${folder}/main.js`,
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
  const failure = await bundleAndCompile(target, output);
  if (failure === undefined) return undefined;
  const address = /error sending request for url \((\S*denort\S*)\)/.exec(failure)?.[1];
  if (address === undefined) return failure;
  return `Cannot compile for ${target ?? Deno.build.target}: Deno's runtime for executables ` +
    `cannot be had from ${address}; run it where that address answers, or unpack a download of it ` +
    "and name the file in DENORT_BIN";
}

async function bundleAndCompile(
  target: string | undefined,
  output: string,
): Promise<string | undefined> {
  const folder = await Deno.makeTempDir({ prefix: "sidecarset-compile-" });
  try {
    return await bundle(folder) ?? await deno(compileArguments({ folder, output, target }));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
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

/** Runs Deno in the repository. Returns its standard error if it fails. */
async function deno(args: readonly string[]): Promise<string | undefined> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: REPOSITORY,
    stdout: "inherit",
    stderr: "piped",
  }).output();
  return success ? undefined : new TextDecoder().decode(stderr).trimEnd();
}

if (import.meta.main) Deno.exit(await main(Deno.args));
