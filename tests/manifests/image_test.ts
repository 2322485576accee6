import assert from "node:assert/strict";
import { dirname, join } from "node:path";

const manifests = new URL("../../manifests/", import.meta.url);
/** Base and name of a stage. */
const FROM = /^FROM (?:--platform=\$BUILDPLATFORM )?(\S+)(?: AS (\S+))?$/gm;
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
    return await runAssemble(folder) ?? filesIn(join(folder, "root"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** @returns why it could not be done */
async function runAssemble(folder: string): Promise<string | undefined> {
  const { success, stderr } = await new Deno.Command(
    new URL("image/assemble.sh", manifests).pathname,
    { args: ["base", "sidecarset", "root"], cwd: folder },
  ).output();
  return success ? undefined : new TextDecoder().decode(stderr);
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

Deno.test("the image is assembled from a base whose /lib is a link into /usr", async () => {
  const folder = await Deno.makeTempDir({ prefix: "sidecarset-image-" });
  try {
    const merged = DEBIAN.x86_64.map((file) => `usr/${file}`);
    for (const file of [...merged.map((file) => `base/${file}`), "sidecarset"]) {
      await Deno.mkdir(join(folder, dirname(file)), { recursive: true });
      await Deno.writeTextFile(join(folder, file), file);
    }
    for (const link of ["lib", "lib64"]) {
      await Deno.symlink(`usr/${link}`, `${folder}/base/${link}`);
    }
    await runAssemble(folder);
    assert.deepEqual(filesIn(join(folder, "root")), ["sidecarset", ...DEBIAN.x86_64].sort());
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the Dockerfile compiles for the image's platform from the files that it copies", async () => {
  const text = await Deno.readTextFile(new URL("Dockerfile", manifests));
  const [build = ""] = text.split(/^FROM gcr\.io/m);
  const folder = await Deno.makeTempDir({ prefix: "sidecarset-image-" });
  try {
    const root = new URL("../", manifests).pathname;
    for (const [, paths = ""] of build.matchAll(/^COPY (.+) \S+$/gm)) {
      const { success } = await new Deno.Command("cp", {
        args: ["-R", ...paths.split(" "), `${folder}/`],
        cwd: root,
      }).output();
      assert.ok(success, paths);
    }
    const [, command = ""] = /^RUN (.* deno task compile .*)$/m.exec(build) ?? [];
    const run = async (arch: string) => {
      const { success, stderr } = await new Deno.Command("sh", {
        args: ["-c", command],
        cwd: folder,
        env: {
          PATH: `${dirname(Deno.execPath())}:${Deno.env.get("PATH")}`,
          NO_COLOR: "1",
          DENORT_BIN: "/bin/true",
          TARGETARCH: arch,
        },
      }).output();
      return success ? "compiled" : new TextDecoder().decode(stderr);
    };
    const [own, other] = Deno.build.arch === "x86_64" ? ["amd64", "arm64"] : ["arm64", "amd64"];
    assert.equal(await run(own), "compiled");
    assert.ok((await Deno.stat(`${folder}/dist/sidecarset`)).size > 1_000_000);
    assert.match(await run(other), /Cannot compile for \w+-unknown-linux-gnu: DENORT_BIN names/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

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
  for (const [, base = "", name] of text.matchAll(FROM)) {
    if (!stages.has(base)) bases.push(base);
    if (name) stages.add(name);
  }
  assert.equal(bases.length, 2);
  for (const base of bases) assert.match(base, /:[^@]+@sha256:[0-9a-f]{64}$/);
  const ci = await Deno.readTextFile(new URL("../.ci/run", manifests));
  const [, version] = /^required=(\S+)$/m.exec(ci) ?? [];
  assert.ok(bases.some((base) => base.startsWith(`denoland/deno:${version}@`)), bases.join());
});
