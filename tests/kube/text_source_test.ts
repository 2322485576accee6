import assert from "node:assert/strict";
import { TextFile } from "../../lib/kube/text_source.ts";
import { surroundings } from "./fake_host.ts";

function token(text?: string) {
  const around = surroundings();
  if (text !== undefined) around.host.files.set("/token", text);
  return { ...around, file: new TextFile("/token", around) };
}

Deno.test("TextFile reads its file once a minute, trimmed", async () => {
  const { host, clock, file } = token("one\n");
  assert.equal(await file.read(), "one");
  host.files.set("/token", "two");
  await clock.advance(59_000);
  assert.equal(await file.read(), "one");
  await clock.advance(1_000);
  assert.equal(await file.read(), "two");
  assert.equal(host.reads.length, 2);
});

Deno.test("TextFile reads its file at once after it expired", async () => {
  const { host, file } = token("one");
  await file.read();
  host.files.set("/token", "two");
  file.expire();
  assert.equal(await file.read(), "two");
});

Deno.test("TextFile reads its file once for all who ask at the same time", async () => {
  const { host, file } = token("one");
  assert.deepEqual(await Promise.all([file.read(), file.read()]), ["one", "one"]);
  assert.equal(host.reads.length, 1);
});

for (const [what, content] of [["is missing", undefined], ["is empty", " \n"]] as const) {
  Deno.test(`TextFile keeps its last text while its file ${what}, and says so`, async () => {
    const { host, log, file } = token("one");
    await file.read();
    host.files.delete("/token");
    if (content !== undefined) host.files.set("/token", content);
    file.expire();
    assert.equal(await file.read(), "one");
    assert.deepEqual(log.map(({ level }) => level), ["warn"]);
    assert.doesNotMatch(JSON.stringify(log), /one/);
    host.files.set("/token", "two");
    file.expire();
    assert.equal(await file.read(), "two");
  });

  Deno.test(`TextFile rejects if its file ${what} from the start, and tries again`, async () => {
    const { host, file } = token(content);
    await assert.rejects(file.read(), /Cannot read \/token/);
    host.files.set("/token", "two");
    assert.equal(await file.read(), "two");
  });
}
