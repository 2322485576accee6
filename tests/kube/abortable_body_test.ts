import assert from "node:assert/strict";
import { abortableBody } from "../../lib/kube/abortable_body.ts";

/** A body that sends what it is given and then neither ends nor heeds any signal. */
function heedless(...texts: string[]) {
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
  const { body, cancelled } = heedless("a");
  const reader = abortableBody(body, stop.signal).getReader();
  assert.equal((await reader.read()).done, false);
  const waiting = assert.rejects(reader.read(), /enough/);
  stop.abort(new Error("enough"));
  await waiting;
  assert.deepEqual(await cancelled, new Error("enough"));
});

Deno.test("abortableBody() fails at once if its signal is aborted already", async () => {
  const { body, cancelled } = heedless("a");
  const passed = abortableBody(body, AbortSignal.abort(new Error("enough")));
  await assert.rejects(new Response(passed).text(), /enough/);
  await cancelled;
});

Deno.test("abortableBody() ends the body when it is cancelled, and fails when it fails", async () => {
  const { body, cancelled } = heedless();
  await abortableBody(body, new AbortController().signal).cancel("done");
  assert.equal(await cancelled, "done");
  const broken = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: () => Promise.reject(new Error("broken")),
  });
  const passed = abortableBody(broken, new AbortController().signal);
  await assert.rejects(passed.getReader().read(), /broken/);
});
