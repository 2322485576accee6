import assert from "node:assert/strict";
import { parse } from "yaml";
import { findBinaries } from "../support/binaries.ts";

const folder = new URL("../../.github/workflows/", import.meta.url).pathname;

async function workflows(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const { name } of Deno.readDir(folder)) {
    found.set(name, await Deno.readTextFile(folder + name));
  }
  return found;
}

Deno.test("actionlint accepts every workflow", async () => {
  const binaries = await findBinaries(["actionlint"]);
  const files = [...(await workflows()).keys()].map((name) => folder + name);
  const { success, stdout } = await new Deno.Command(binaries.path("actionlint"), {
    args: files,
  }).output();
  assert.ok(success, new TextDecoder().decode(stdout));
});

Deno.test("every action is pinned by its full commit, and no workflow may write by default", async () => {
  for (const [name, text] of await workflows()) {
    for (const [, action = ""] of text.matchAll(/uses: (\S+)/g)) {
      assert.match(action, /@[0-9a-f]{40}$/, `${name}: ${action}`);
    }
    assert.deepEqual(parse(text).permissions, { contents: "read" }, name);
  }
});

Deno.test("every task that a workflow calls exists", async () => {
  const config = JSON.parse(
    await Deno.readTextFile(new URL("../../deno.json", import.meta.url)),
  );
  for (const [name, text] of await workflows()) {
    for (const [, task = ""] of text.matchAll(/\$DENO task (\S+)/g)) {
      assert.ok(config.tasks[task], `${name}: task ${task}`);
    }
  }
});
