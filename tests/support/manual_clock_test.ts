import assert from "node:assert/strict";
import { ManualClock } from "./manual_clock.ts";

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
