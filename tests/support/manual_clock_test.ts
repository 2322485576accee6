import assert from "node:assert/strict";
import { ManualClock, settle } from "./manual_clock.ts";

Deno.test("a sleep that has ended leaves no listener on its signal", async () => {
  const clock = new ManualClock();
  const { signal } = new AbortController();
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners++;
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners--;
    removeEventListener.apply(signal, args);
  };
  const ended = clock.sleep(100, signal);
  assert.equal(listeners, 1);
  await clock.advance(100);
  await ended;
  assert.equal(listeners, 0);
});

Deno.test("a sleep ends when its signal is aborted", async () => {
  const stop = new AbortController();
  const ended = new ManualClock().sleep(100, stop.signal);
  stop.abort();
  await ended;
});

/** Resolves after this number of turns of the microtask queue. */
async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await Promise.resolve();
}

Deno.test("settle() waits for effects at the end of long chains of promises", async () => {
  let effects = 0;
  void turns(10_000).then(() => effects++);
  void (async () => {
    for await (const chunk of ReadableStream.from(["a", "b"])) effects += chunk.length;
  })();
  await settle();
  assert.equal(effects, 3);
});

Deno.test("advance() lets everything run that a sleep delayed, before the next sleep ends", async () => {
  const clock = new ManualClock();
  const ended: string[] = [];
  void clock.sleep(10).then(() => turns(1_000)).then(() =>
    ended.push(`first at ${clock.monotonic()}`)
  );
  void clock.sleep(11).then(() => ended.push(`second at ${clock.monotonic()}`));
  await clock.advance(100);
  assert.deepEqual(ended, ["first at 10", "second at 11"]);
});
