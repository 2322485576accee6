import assert from "node:assert/strict";
import { bundle, compileArguments } from "../../manifests/generate/compile.ts";

const root = new URL("../../", import.meta.url);

async function withBundle(look: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "sidecarset-compile-" });
  try {
    assert.equal(await bundle(folder), undefined);
    await look(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The files that a bundle is made of, relative to the repository: each is named in a comment in front of its code. */
async function bundledFiles(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    const text = await Deno.readTextFile(`${folder}/${name}`);
    files.push(...[...text.matchAll(/^\/\/ (\S+\/\S+\.\w+)$/gm)].map(([, file = ""]) => file));
  }
  return files;
}

async function deno(args: readonly string[], env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: root,
    env: { NO_COLOR: "1", ...env },
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test("the executable has the program, its manifests and packages, and no tests", async () => {
  await withBundle(async (folder) => {
    const files = await bundledFiles(folder);
    const own = files.filter((file) => !file.startsWith("../"));
    assert.ok(own.includes("lib/runtime/run.ts"));
    assert.ok(own.includes("manifests/crd.yaml"));
    assert.deepEqual([...new Set(own.map((file) => file.split("/")[0]))].sort(), [
      "lib",
      "manifests",
    ]);
    assert.ok(!own.some((file) => file.startsWith("manifests/generate/")));
    // Of a scoped package, the scope.
    const packages = files.filter((file) => file.startsWith("../"))
      .map((file) => /\/npm\/[^/]+\/([^/]+)\//.exec(file)?.[1]);
    assert.deepEqual([...new Set(packages)].sort(), [
      "@peculiar",
      "asn1js",
      "commander",
      "diff",
      "pvtsutils",
      "pvutils",
      "re2js",
      "tinyqueue",
      "tslib",
      "yaml",
      "zod",
    ]);
    const output = `${folder}/sidecarset`;
    // Runs the embedding, with Deno itself in the place of its runtime for executables.
    const { code, stdout, stderr } = await deno(compileArguments({ folder, output }), {
      DENORT_BIN: Deno.execPath(),
    });
    assert.equal(code, 0, stderr);
    assert.match(stdout + stderr, /Embedded Files/);
    assert.doesNotMatch(stdout + stderr, /node_modules/);
  });
});

Deno.test("two compilations at once give the same bytes", async () => {
  const folder = await Deno.makeTempDir({ prefix: "sidecarset-compile-" });
  try {
    const sums = await Promise.all(["a", "b"].map(async (name) => {
      // An executable contains its name.
      const output = `${folder}/${name}/sidecarset`;
      await Deno.mkdir(`${folder}/${name}`);
      const args = ["task", "compile", "--output", output];
      const { code, stderr } = await deno(args, { DENORT_BIN: Deno.execPath() });
      assert.equal(code, 0, stderr);
      const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(output));
      return new Uint8Array(digest).toHex();
    }));
    assert.equal(sums[0], sums[1]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the bundle answers as the sources do, also where it loads a part later", async () => {
  await withBundle(async (folder) => {
    const run = (main: string, args: readonly string[]) =>
      deno(["run", "--quiet", "--no-check", "-P", "--config", "deno.json", main, ...args]);
    for (
      const args of [
        ["version", "--client", "-o", "yaml"],
        ["manifests"],
        ["validate", "-f", "manifests/examples/sidecarset.yaml"],
        ["controller", "--webhook-port", "no"],
      ]
    ) {
      const expected = await run("main.ts", args);
      assert.notEqual(expected.stdout + expected.stderr, "");
      assert.deepEqual(await run(`${folder}/main.js`, args), expected, args.join(" "));
    }
  });
});
