import assert from "node:assert/strict";
import { dirname, join } from "node:path";

const manifests = new URL("../../manifests/", import.meta.url);
const LIBRARIES = ["libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1"]
  .concat("libgcc_s.so.1");

/** Assembles the image from a base with these files; resolves to the files of its root, or to what the script says. */
async function assemble(files: readonly string[]): Promise<string[] | string> {
  const folder = await Deno.makeTempDir({ prefix: "sidecarset-image-" });
  try {
    for (const file of [...files.map((file) => `base/${file}`), "sidecarset"]) {
      await Deno.mkdir(join(folder, dirname(file)), { recursive: true });
      await Deno.writeTextFile(join(folder, file), file);
    }
    const { success, stderr } = await new Deno.Command(
      new URL("image/assemble.sh", manifests).pathname,
      { args: ["base", "sidecarset", "root"], cwd: folder },
    ).output();
    if (!success) return new TextDecoder().decode(stderr);
    return filesIn(join(folder, "root"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function filesIn(folder: string, below = ""): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    isDirectory ? filesIn(join(folder, name), `${below}${name}/`) : `${below}${name}`
  ).sort();
}

const DEBIAN = {
  x86_64: [
    "lib64/ld-linux-x86-64.so.2",
    ...LIBRARIES.map((name) => `lib/x86_64-linux-gnu/${name}`),
  ],
  aarch64: [
    "lib/ld-linux-aarch64.so.1",
    ...LIBRARIES.map((name) => `lib/aarch64-linux-gnu/${name}`),
  ],
};

for (const [machine, libraries] of Object.entries(DEBIAN)) {
  Deno.test(`the image for ${machine} has the executable, the libraries, and what names their versions`, async () => {
    const metadata = ["etc/os-release", "var/lib/dpkg/status.d/libc6"];
    const others = ["bin/sh", "etc/shadow", "lib/x86_64-linux-gnu/libz.so.1"];
    assert.deepEqual(
      await assemble([...libraries, ...metadata, ...others]),
      ["sidecarset", ...libraries, ...metadata].sort(),
    );
  });
}

Deno.test("the image cannot be assembled from a base that lacks a library", async () => {
  const said = await assemble(DEBIAN.x86_64.filter((file) => !file.endsWith("libm.so.6")));
  assert.equal(
    said,
    "Cannot assemble the image: base has no lib/*-linux-gnu/libm.so.6 lib64/libm.so.6\n",
  );
});

Deno.test("the Dockerfile pins its bases by digest, and Deno to the version of CI", async () => {
  const text = await Deno.readTextFile(new URL("Dockerfile", manifests));
  const stages = new Set(["scratch"]);
  const bases: string[] = [];
  for (const [, base = "", name] of text.matchAll(/^FROM (\S+)(?: AS (\S+))?$/gm)) {
    if (!stages.has(base)) bases.push(base);
    if (name) stages.add(name);
  }
  assert.equal(bases.length, 2);
  for (const base of bases) assert.match(base, /:[^@]+@sha256:[0-9a-f]{64}$/);
  const ci = await Deno.readTextFile(new URL("../.ci/run", manifests));
  const [, version] = /^required=(\S+)$/m.exec(ci) ?? [];
  assert.ok(bases.some((base) => base.startsWith(`denoland/deno:${version}@`)), bases.join());
});
