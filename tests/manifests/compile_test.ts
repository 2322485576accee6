import assert from "node:assert/strict";
import { compileArguments } from "../../manifests/generate/compile.ts";

const root = new URL("../../", import.meta.url);

interface Embedded {
  readonly name: string;
  readonly depth: number;
}

/** Runs the embedding of `deno compile`, with Deno itself in the place of its runtime for executables. */
async function embeddedFiles(): Promise<Embedded[]> {
  const folder = await Deno.makeTempDir({ prefix: "sidecarset-compile-" });
  try {
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [...await compileArguments(`${folder}/sidecarset`)],
      cwd: root,
      env: { NO_COLOR: "1", DENORT_BIN: Deno.execPath() },
    }).output();
    const decoder = new TextDecoder();
    const said = decoder.decode(stdout) + decoder.decode(stderr);
    assert.ok(success, said);
    return said.split("\n").flatMap((line) => {
      const [, indent = "", name] = /^([│ ]*)[├└]─[─┬] (\S+)/.exec(line) ?? [];
      return name === undefined ? [] : [{ name, depth: indent.length / 2 }];
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("the executable has the program, its manifests and packages, and no tests", async () => {
  const files = await embeddedFiles();
  const below = (parent: string) => {
    const place = files.findIndex(({ name }) => name === parent);
    const depth = files[place]?.depth ?? 0;
    const rest = files.slice(place + 1);
    const end = rest.findIndex((file) => file.depth <= depth);
    return rest.slice(0, end < 0 ? undefined : end)
      .filter((file) => file.depth === depth + 1)
      .map(({ name }) => name.split("/")[0]);
  };
  assert.deepEqual(files.filter(({ depth }) => depth === 0).map(({ name }) => name), [
    ".deno_compile_node_modules",
    "deno.json",
    "lib",
    "main.ts",
    "manifests",
  ]);
  assert.deepEqual(below("localhost"), [
    "@peculiar",
    "asn1js",
    "commander",
    "diff",
    "pvtsutils",
    "pvutils",
    "re2js",
    "reflect-metadata",
    "tinyqueue",
    "tslib",
    "tsyringe",
    "yaml",
    "zod",
  ]);
  assert.ok(!below("manifests").includes("generate"));
});

Deno.test("the executable leaves out folders of packages, each of which exists", async () => {
  const args = await compileArguments("sidecarset");
  const excluded = args.filter((_, place) => args[place - 1] === "--exclude");
  assert.equal(excluded.length, 5);
  for (const folder of excluded) assert.ok((await Deno.stat(folder)).isDirectory, folder);
});
