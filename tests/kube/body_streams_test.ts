import assert from "node:assert/strict";
import fc from "fast-check";
import { abortableBody, jsonLines, UnexpectedEnd } from "../../lib/kube/body_streams.ts";

/** A body that sends the texts, then neither ends nor reacts to a signal. */
function hangingBody(...texts: string[]) {
  const cancelled = Promise.withResolvers<unknown>();
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      for (const text of texts) controller.enqueue(new TextEncoder().encode(text));
    },
    cancel: (reason) => cancelled.resolve(reason),
  });
  return { body, cancelled: cancelled.promise };
}

Deno.test("abortableBody() passes on what comes, until the end", async () => {
  const body = new Blob(["some ", "text"]).stream();
  const passed = abortableBody(body, new AbortController().signal);
  assert.equal(await new Response(passed).text(), "some text");
});

Deno.test("abortableBody() fails a read that waits, and ends the body, when its signal is aborted", async () => {
  const stop = new AbortController();
  const { body, cancelled } = hangingBody("a");
  const reader = abortableBody(body, stop.signal).getReader();
  assert.equal((await reader.read()).done, false);
  const waiting = assert.rejects(reader.read(), /enough/);
  stop.abort(new Error("enough"));
  await waiting;
  assert.deepEqual(await cancelled, new Error("enough"));
});

Deno.test("abortableBody() fails at once if its signal is aborted already", async () => {
  const { body, cancelled } = hangingBody("a");
  const passed = abortableBody(body, AbortSignal.abort(new Error("enough")));
  await assert.rejects(new Response(passed).text(), /enough/);
  await cancelled;
});

Deno.test("abortableBody() ends the body when it is cancelled, and fails when it fails", async () => {
  const { body, cancelled } = hangingBody();
  await abortableBody(body, new AbortController().signal).cancel("done");
  assert.equal(await cancelled, "done");
  const broken = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: () => Promise.reject(new Error("broken")),
  });
  const passed = abortableBody(broken, new AbortController().signal);
  await assert.rejects(passed.getReader().read(), /broken/);
});

function bytesOf(text: string, cuts: readonly number[] = []): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1))), bytes.length];
  const sorted = ends.sort((a, b) => a - b);
  return ReadableStream.from(sorted.map((end, i) => bytes.subarray(sorted[i - 1] ?? 0, end)));
}

Deno.test("jsonLines() yields the same values however the bytes are cut", async () => {
  await fc.assert(fc.asyncProperty(
    fc.array(fc.jsonValue(), { maxLength: 8 }),
    fc.array(fc.nat(), { maxLength: 12 }),
    async (values, cuts) => {
      const text = values.map((value) => `${JSON.stringify(value)}\n`).join("");
      const read = await Array.fromAsync(jsonLines(bytesOf(text, cuts)));
      assert.deepEqual(read, values.map((value) => JSON.parse(JSON.stringify(value))));
    },
  ));
});

Deno.test("jsonLines() passes over blank lines", async () => {
  assert.deepEqual(await Array.fromAsync(jsonLines(bytesOf("\n1\n \r\n2\n"))), [1, 2]);
});

Deno.test("jsonLines() fails with a SyntaxError on a line that is not JSON, after the lines before", async () => {
  const reader = jsonLines(bytesOf("1\nnonsense\n", [2])).getReader();
  assert.deepEqual(await reader.read(), { done: false, value: 1 });
  await assert.rejects(reader.read(), SyntaxError);
});

Deno.test("jsonLines() fails if the body ends within a line", async () => {
  await assert.rejects(Array.fromAsync(jsonLines(bytesOf('{"a":1'))), UnexpectedEnd);
});

Deno.test("jsonLines() keeps a member named __proto__ a mere member", async () => {
  const [value] = await Array.fromAsync(jsonLines(bytesOf('{"__proto__":{"a":1}}\n')));
  assert.equal(JSON.stringify(value), '{"__proto__":{"a":1}}');
});

Deno.test("jsonLines() cancels the body when it is cancelled or fails", async () => {
  for (const first of ["1\n", "nonsense\n"]) {
    const cancelled = Promise.withResolvers<void>();
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode(first)),
      cancel: () => cancelled.resolve(),
    });
    const reader = jsonLines(body).getReader();
    await reader.read().catch(() => {});
    await reader.cancel().catch(() => {});
    await cancelled.promise;
  }
});

Deno.test("jsonLines() reads nothing ahead of demand", async () => {
  let pulled = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(new TextEncoder().encode(`${pulled++}\n`));
    },
  }, { highWaterMark: 0 });
  const reader = jsonLines(body).getReader();
  assert.equal(pulled, 0);
  await reader.read();
  assert.equal(pulled, 1);
  await reader.cancel();
});

Deno.test("jsonLines() fails on a line that is longer than any object", async () => {
  const chunk = new TextEncoder().encode("1".repeat(1024 * 1024));
  let sent = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += chunk.byteLength;
      controller.enqueue(chunk);
    },
  }, { highWaterMark: 0 });
  await assert.rejects(jsonLines(body).getReader().read(), /an event is longer than 16777216/);
  assert.ok(sent <= 17 * 1024 * 1024, `${sent} bytes were read`);
});
