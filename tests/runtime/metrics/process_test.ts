import assert from "node:assert/strict";
import { memoryLimit } from "../../../lib/runtime/metrics/process.ts";

/** The limit that files of these texts give, in this order; undefined stands for an absent file. */
async function limitOf(...texts: (string | undefined)[]): Promise<number | undefined> {
  const folder = await Deno.makeTempDir();
  try {
    const files = texts.map((_, place) => `${folder}/${place}`);
    for (const [place, text] of texts.entries()) {
      if (text !== undefined) await Deno.writeTextFile(`${folder}/${place}`, text);
    }
    return memoryLimit(files);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("memoryLimit reads the limit of a cgroup of either version", async () => {
  assert.equal(await limitOf("536870912\n"), 536_870_912);
  assert.equal(await limitOf(undefined, "268435456\n"), 268_435_456);
});

Deno.test("memoryLimit is undefined without a limit, a cgroup, or readable text", async () => {
  assert.equal(await limitOf("max\n"), undefined);
  assert.equal(await limitOf(undefined, "9223372036854771712\n"), undefined);
  assert.equal(await limitOf(undefined, undefined), undefined);
  assert.equal(await limitOf("", "words\n"), undefined);
});
