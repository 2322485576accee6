import assert from "node:assert/strict";
import { keepTrimming } from "../../lib/runtime/memory.ts";
import { openLibc } from "../../lib/webhook/libc.ts";
import { ManualClock, settle } from "../support/manual_clock.ts";

Deno.test("keepTrimming() trims every 30 s, and not after the end", async () => {
  const clock = new ManualClock();
  const ending = new AbortController();
  let trimmed = 0;
  const malloc_trim = () => Promise.resolve(++trimmed);
  const trimming = keepTrimming({ libc: { symbols: { malloc_trim } }, clock }, ending.signal);
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

Deno.test("keepTrimming() trims with glibc, and ends at once without it", async () => {
  const libc = openLibc();
  const ending = new AbortController();
  const clock = {
    sleeps: 0,
    sleep() {
      if (++this.sleeps === 2) ending.abort();
      return Promise.resolve();
    },
  };
  await keepTrimming({ libc, clock }, ending.signal);
  assert.equal(clock.sleeps, typeof libc === "string" ? 0 : 2);
  if (typeof libc !== "string") libc.close();
  await keepTrimming({ libc: "not there", clock }, new AbortController().signal);
});
