import assert from "node:assert/strict";

const root = new URL("../../", import.meta.url);
const MAX_LINE_LENGTH = 120;
const MAX_LINES = 300;

/** A source file of the program or its tests. */
interface Source {
  readonly path: string;
  readonly lines: readonly string[];
}

/** Every TypeScript file below the folders, without what other projects wrote. */
async function sourcesIn(...folders: readonly string[]): Promise<Source[]> {
  const sources: Source[] = [];
  async function visit(folder: string): Promise<void> {
    for await (const { name, isDirectory } of Deno.readDir(new URL(folder, root))) {
      if (isDirectory) await visit(`${folder}${name}/`);
      else if (name.endsWith(".ts")) sources.push(await read(folder + name));
    }
  }
  for (const folder of folders) await visit(folder);
  return sources;
}

async function read(path: string): Promise<Source> {
  return { path, lines: (await Deno.readTextFile(new URL(path, root))).split("\n") };
}

Deno.test("no line of code is longer than 120 characters, unless it holds a URL", async () => {
  const sources = [...await sourcesIn("lib/", "tests/", "manifests/"), await read("main.ts")];
  const long = sources.flatMap(({ path, lines }) =>
    lines.flatMap((line, index) =>
      line.length > MAX_LINE_LENGTH && !line.includes("://") ? [`${path}:${index + 1}`] : []
    )
  );
  assert.deepEqual(long, []);
  assert.ok(sources.length > 500);
});

Deno.test("no file of the program has more than 300 lines", async () => {
  const long = (await sourcesIn("lib/")).filter(({ lines }) => lines.length - 1 > MAX_LINES);
  assert.deepEqual(long.map(({ path }) => path), []);
});

Deno.test("every exported function, class and interface has a comment for its users", async () => {
  const declaration = /^export (?:async |abstract )?(?:function\*?|class|interface) (\w+)/;
  let declared = 0;
  const uncommented = (await sourcesIn("lib/")).flatMap(({ path, lines }) =>
    lines.flatMap((line, index) => {
      const name = declaration.exec(line)?.[1];
      if (name === undefined) return [];
      declared++;
      // Overloads share the comment of the first.
      const before = lines[index - 1] ?? "";
      const isOverload = before.startsWith(`export function ${name}`);
      return before.endsWith("*/") || isOverload ? [] : [`${path}: ${name}`];
    })
  );
  assert.deepEqual(uncommented, []);
  assert.ok(declared > 500);
});
