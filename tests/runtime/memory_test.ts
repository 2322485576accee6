import assert from "node:assert/strict";
import { keepTrimming, openFreedMemory } from "../../lib/runtime/memory.ts";
import { ManualClock, settle } from "../support/manual_clock.ts";

Deno.test("openFreedMemory() trims with glibc, and does nothing without it", async () => {
  for (const memory of [openFreedMemory(), openFreedMemory("not there")]) {
    await memory.trim();
    memory.close();
  }
});

Deno.test("freed memory is trimmed every 30 s, and not after the end", async () => {
  const clock = new ManualClock();
  const ending = new AbortController();
  let trimmed = 0;
  const memory = {
    trim() {
      trimmed++;
      return Promise.resolve();
    },
  };
  const trimming = keepTrimming({ memory, clock }, ending.signal);
  await settle();
  assert.equal(trimmed, 0);
  await clock.advance(30_000);
  assert.equal(trimmed, 1);
  await clock.advance(30_000);
  assert.equal(trimmed, 2);
  ending.abort();
  await trimming;
  assert.equal(trimmed, 2);
});
