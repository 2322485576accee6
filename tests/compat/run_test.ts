import assert from "node:assert/strict";
import { join } from "node:path";

const hashCase = {
  name: "an empty set",
  sidecarSet: {
    apiVersion: "apps.kruise.io/v1beta1",
    kind: "SidecarSet",
    metadata: { name: "empty" },
    spec: {},
  },
  hash: "no hash at all",
  hashWithoutImage: "",
};

Deno.test("the golden runner passes the project's own cases", async () => {
  const { code, stdout } = await run([]);
  assert.match(stdout, /\n {2}B-38 +\d+ {2}inject: /);
  assert.match(stdout, /\n981 passed, 0 failed\n$/);
  assert.equal(code, 0);
});

Deno.test("the golden runner shows a failed case and fails", async () => {
  await using files = await folderWith({ "hash.json": JSON.stringify([hashCase]) });
  const { code, stdout } = await run([files.folder]);
  assert.match(stdout, /^FAILED hash\.json: an empty set\n {4}.*\n/);
  assert.match(stdout, /\n0 passed, 1 failed\n$/);
  assert.equal(code, 1);
});

Deno.test("the golden runner names files that no group judges", async () => {
  await using files = await folderWith({
    "hash.json": JSON.stringify([hashCase]),
    "other.json": JSON.stringify([{ name: "x" }]),
  });
  const { stdout } = await run([files.folder]);
  assert.match(stdout, /\npending: other\.json: no group judges it\n/);
});

Deno.test("the golden runner counts a case that cannot be read as failed", async () => {
  await using files = await folderWith({ "inject/a.json": JSON.stringify([{ name: "x" }]) });
  const { code, stdout } = await run([files.folder]);
  assert.match(stdout, /^FAILED inject\/a\.json: x\n/);
  assert.equal(code, 1);
});

const unusable: Record<string, { files: Record<string, string>; says: RegExp }> = {
  "a folder without cases": {
    files: { "README.md": "text" },
    says: /there is no file of golden cases/,
  },
  "a file that is cut off": {
    files: { "hash.json": "[{" },
    says: /Cannot read hash\.json as JSON/,
  },
  "an empty file": { files: { "hash.json": "" }, says: /Cannot read hash\.json as JSON/ },
  "an empty list": { files: { "hash.json": "[]" }, says: /it is no list with entries/ },
  "an object": { files: { "hash.json": "{}" }, says: /it is no list with entries/ },
  "a case without a name": {
    files: { "hash.json": "[{}]" },
    says: /Cannot read case 0 of hash\.json/,
  },
  "two cases of one name": {
    files: { "hash.json": '[{"name":"x"},{"name":"x"}]' },
    says: /two cases are named "x"/,
  },
  "a file that no group judges alone": {
    files: { "other.json": '[{"name":"x"}]' },
    says: /no group judges any/,
  },
};

for (const [what, { files: texts, says }] of Object.entries(unusable)) {
  Deno.test(`the golden runner refuses ${what}`, async () => {
    await using files = await folderWith(texts);
    const { code, stderr } = await run([files.folder]);
    assert.match(stderr, says);
    assert.equal(code, 2);
  });
}

Deno.test("the golden runner refuses a folder that is not there", async () => {
  const { code, stderr } = await run([join(Deno.cwd(), "absent")]);
  assert.match(stderr, /there is no such folder/);
  assert.equal(code, 2);
});

async function run(args: string[]) {
  const script = new URL("run.ts", import.meta.url).pathname;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", script, ...args],
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

async function folderWith(texts: Record<string, string>) {
  const folder = await Deno.makeTempDir();
  for (const [path, text] of Object.entries(texts)) {
    await Deno.mkdir(join(folder, path, ".."), { recursive: true });
    await Deno.writeTextFile(join(folder, path), text);
  }
  return { folder, [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
}
