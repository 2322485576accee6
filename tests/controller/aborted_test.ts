import assert from "node:assert/strict";
import { aborted } from "../../lib/controller/loop.ts";

Deno.test("aborted() resolves with the first of its signals, also where that was aborted before", async () => {
  const [one, two] = [new AbortController(), new AbortController()];
  let isDone = false;
  const waiting = aborted(one.signal, two.signal).then(() => isDone = true);
  await Promise.resolve();
  assert.equal(isDone, false);
  two.abort();
  await waiting;
  await aborted(one.signal, two.signal);
});

Deno.test("aborted() leaves no listener behind", async () => {
  const lasting = new AbortController();
  const { signal } = lasting;
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  Object.assign(signal, {
    addEventListener(type: string, listener: () => void, options: AddEventListenerOptions) {
      listeners++;
      options.signal?.addEventListener("abort", () => listeners--);
      add(type, listener, options);
    },
  });
  const turn = new AbortController();
  const waiting = aborted(signal, turn.signal);
  assert.equal(listeners, 1);
  turn.abort();
  await waiting;
  assert.equal(listeners, 0);
});
