import assert from "node:assert/strict";
import { clusterOf } from "./object_cluster.ts";
import { runCli } from "./string_terminal.ts";

/**
 * Each file of `testdata`, in the folder of its command, is a command line, the files that it reads, and what it prints, in
 * sections that begin with `-- name --`. A section `stdin` is standard input, `cluster.yaml` what the cluster has; what is written to it is
 * printed as `requests`. `deno test -A tests/cli -- --update` writes what is printed now.
 */

const FOLDER = new URL("./testdata/", import.meta.url);
const RESULTS = ["exit status", "standard output", "standard error", "requests"] as const;

interface GoldenCase {
  command: string;
  files: Record<string, string>;
  results: Record<string, string>;
}

function parseCase(text: string): GoldenCase {
  const [command = "", ...sections] = text.split(/^-- (.+) --\n/m);
  const parsed: GoldenCase = { command: command.trim(), files: {}, results: {} };
  for (let i = 0; i + 1 < sections.length; i += 2) {
    const [name = "", content = ""] = [sections[i], sections[i + 1]];
    const target = RESULTS.some((result) => result === name) ? parsed.results : parsed.files;
    target[name] = content;
  }
  return parsed;
}

function formatCase({ command, files, results }: GoldenCase): string {
  const sections = [...Object.entries(files), ...Object.entries(results)];
  return `${command}\n` + sections.map(([name, text]) => `-- ${name} --\n${text}`).join("");
}

async function printed({ command, files }: GoldenCase): Promise<Record<string, string>> {
  const { stdin, "cluster.yaml": stored, ...rest } = files;
  const cluster = stored === undefined ? undefined : clusterOf(stored);
  const [program, ...args] = command.split(" ");
  assert.equal(program, "sidecarset");
  const ran = await runCli(args, {
    files: rest,
    ...(stdin === undefined ? {} : { input: stdin }),
    ...(cluster === undefined ? {} : { client: cluster.client }),
  });
  const writes = cluster?.writes() ?? [];
  return {
    "exit status": `${ran.status}\n`,
    "standard output": ran.output,
    "standard error": ran.errors,
    ...(writes.length === 0 ? {} : { requests: `${writes.join("\n")}\n` }),
  };
}

/** Paths below a folder of `testdata`. */
function* casesIn(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, FOLDER))) {
    if (isDirectory) yield* casesIn(`${folder}${name}/`);
    else yield `${folder}${name}`;
  }
}

for (const path of casesIn("./")) {
  const title = path.replace(/^\.\/|\.txt$/g, "").replaceAll(/[_/]/g, " ");
  Deno.test(`sidecarset ${title}`, async () => {
    const file = new URL(path, FOLDER);
    const golden = parseCase(await Deno.readTextFile(file));
    const results = await printed(golden);
    if (Deno.args.includes("--update")) {
      await Deno.writeTextFile(file, formatCase({ ...golden, results }));
      return;
    }
    assert.deepEqual(results, golden.results);
  });
}
