import assert from "node:assert/strict";
import { ResponseTooLargeError } from "../../lib/kube/errors.ts";
import { ParseTurns, responseText } from "../../lib/kube/response.ts";

const LARGE = JSON.stringify("x".repeat(300 * 1024));

Deno.test("ParseTurns parses small texts at once, and large ones each in its own turn", async () => {
  const turns = new ParseTurns();
  const order: string[] = [];
  const parse = async (name: string, text: string) => {
    await turns.parse(text, () => order.push(`parse ${name}`));
    // What a reader does with the value takes some promises, but no timer.
    for (let i = 0; i < 20; i++) await undefined;
    order.push(`done ${name}`);
  };
  await Promise.all([parse("a", LARGE), parse("b", LARGE), parse("small", "1"), parse("c", LARGE)]);
  assert.equal(order.indexOf("parse small") < order.indexOf("parse b"), true);
  const large = order.filter((entry) => !entry.includes("small"));
  assert.deepEqual(large, ["parse a", "done a", "parse b", "done b", "parse c", "done c"]);
  await new Promise((resolve) => setTimeout(resolve));
});

Deno.test("ParseTurns goes on after a text that cannot be parsed", async () => {
  const turns = new ParseTurns();
  await assert.rejects(turns.parse(LARGE + "x", JSON.parse), SyntaxError);
  assert.equal((await turns.parse<string>(LARGE, JSON.parse)).length, 300 * 1024);
  await new Promise((resolve) => setTimeout(resolve));
});

const REQUEST = { method: "GET" as const, path: "/api" };

/** A body that has sent some chunks, and ends if it is told to; with the reason for which it was cancelled. */
function bodyOf(chunks: readonly Uint8Array<ArrayBuffer>[], { ends = true } = {}) {
  const cancelled: unknown[] = [];
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      if (ends) controller.close();
    },
    cancel(reason) {
      cancelled.push(reason);
    },
  });
  return { body, cancelled };
}

Deno.test("responseText() decodes characters that chunks divide", async () => {
  const bytes = new TextEncoder().encode("a€b");
  const { body } = bodyOf([...bytes].map((byte) => Uint8Array.of(byte)));
  const { signal } = new AbortController();
  assert.equal(await responseText(body, { ...REQUEST, signal }), "a€b");
});

Deno.test("responseText() rejects with the signal's reason, and ends the body", async () => {
  const reason = new Error("enough");
  const stop = new AbortController();
  const waiting = bodyOf([Uint8Array.of(97)], { ends: false });
  const text = responseText(waiting.body, { ...REQUEST, signal: stop.signal });
  await new Promise((resolve) => setTimeout(resolve));
  stop.abort(reason);
  await assert.rejects(text, reason);
  assert.deepEqual(waiting.cancelled, [reason]);

  const late = bodyOf([Uint8Array.of(97)]);
  await assert.rejects(responseText(late.body, { ...REQUEST, signal: stop.signal }), reason);
});

Deno.test("responseText() ends a body that is too large, and passes the failure of one on", async () => {
  const { signal } = new AbortController();
  const large = bodyOf([new Uint8Array(6), new Uint8Array(6)], { ends: false });
  await assert.rejects(
    responseText(large.body, { ...REQUEST, signal, maxBytes: 10 }),
    ResponseTooLargeError,
  );
  assert.equal(large.cancelled.length, 1);
  const failure = new TypeError("the connection was closed");
  const broken = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: () => Promise.reject(failure),
  });
  await assert.rejects(responseText(broken, { ...REQUEST, signal }), failure);
});
