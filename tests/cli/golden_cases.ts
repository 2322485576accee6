/**
 * Each file of `testdata`, in the folder of its command, is a command line, the files that it reads, and what it
 * prints, in sections that begin with `-- name --`. A section `stdin` is standard input, `cluster.yaml` what the
 * cluster has; what is written to it is printed as `requests`. `deno test -A tests/cli -- --update` writes what is
 * printed now.
 */

const FOLDER = new URL("./testdata/", import.meta.url);
const RESULTS = ["exit status", "standard output", "standard error", "requests"] as const;

export interface GoldenCase {
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

export function formatCase({ command, files, results }: GoldenCase): string {
  const sections = [...Object.entries(files), ...Object.entries(results)];
  return `${command}\n` + sections.map(([name, text]) => `-- ${name} --\n${text}`).join("");
}

function* casesIn(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, FOLDER))) {
    if (isDirectory) yield* casesIn(`${folder}${name}/`);
    else yield `${folder}${name}`;
  }
}

export interface GoldenFile {
  /** Of a test: `sidecarset` and what the case is about. */
  readonly title: string;
  readonly file: URL;
  read(): GoldenCase;
}

export function goldenFiles(): GoldenFile[] {
  return [...casesIn("./")].map((path) => {
    const file = new URL(path, FOLDER);
    const about = path.replace(/^\.\/|\.txt$/g, "").replaceAll(/[_/]/g, " ");
    return {
      title: `sidecarset ${about}`,
      file,
      read: () => parseCase(Deno.readTextFileSync(file)),
    };
  });
}
