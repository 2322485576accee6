import assert from "node:assert/strict";
import fc from "fast-check";
import { ServerClock } from "../../lib/kube/server_clock.ts";
import { ManualClock } from "../support/manual_clock.ts";

const NOON = Date.UTC(2026, 0, 1, 12);
const httpDate = (milliseconds: number) => new Date(milliseconds).toUTCString();

Deno.test("ServerClock is the machine's clock as long as the API server's agrees", () => {
  const machine = new ManualClock(new Date(NOON + 700));
  const clock = new ServerClock(machine);
  assert.equal(clock.now().getTime(), NOON + 700);
  clock.observe({ date: httpDate(NOON), durationMs: 5 });
  assert.equal(clock.now().getTime(), NOON + 700, "the date is cut to a whole second");
  clock.observe({ date: "yesterday", durationMs: 5 });
  clock.observe({ durationMs: 5 });
  assert.equal(clock.now().getTime(), NOON + 700);
});

Deno.test("ServerClock follows an API server's clock to a second and the answer's delay", () => {
  const offsets = fc.integer({ min: -1_000_000, max: 1_000_000 });
  const delays = fc.integer({ min: 0, max: 3_000 });
  fc.assert(fc.property(offsets, delays, delays, (offset, sent, received) => {
    const machine = new ManualClock(new Date(NOON));
    const clock = new ServerClock(machine);
    // Asked `sent` milliseconds before the answer was dated, which came `received` later.
    clock.observe({
      date: httpDate(Math.floor((NOON - received + offset) / 1_000) * 1_000),
      durationMs: sent + received,
    });
    const error = Math.abs(clock.now().getTime() - (NOON + offset));
    assert.ok(error <= 1_000 + sent + received, `it is ${error} ms wrong`);
  }));
});

Deno.test("ServerClock follows a clock that is set while it runs", async () => {
  const machine = new ManualClock(new Date(NOON));
  const clock = new ServerClock(machine);
  clock.observe({ date: httpDate(NOON + 60_000), durationMs: 0 });
  assert.equal(clock.now().getTime(), NOON + 60_000);
  await machine.advance(1_000);
  clock.observe({ date: httpDate(NOON + 1_000), durationMs: 0 });
  assert.equal(clock.now().getTime() - (NOON + 1_000), 1_000, "as little as explains the answer");
  assert.equal(clock.monotonic(), machine.monotonic());
});
