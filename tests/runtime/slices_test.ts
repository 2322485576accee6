import assert from "node:assert/strict";
import type { Logger } from "../../lib/api/logger.ts";
import { createSlices } from "../../lib/runtime/slices.ts";

/** A clock on which each slice of work takes a millisecond; sleeps end at once and are counted. */
function countingClock() {
  let now = 0;
  const state = { sleeps: 0 };
  const clock = {
    monotonic: () => now,
    sleep(): Promise<void> {
      state.sleeps++;
      return Promise.resolve();
    },
  };
  return { clock, state, work: () => void now++ };
}

function recordingLogger() {
  const errors: string[] = [];
  const ignore = () => {};
  const logger: Logger = {
    ...{ debug: ignore, info: ignore, warn: ignore },
    error: (message) => void errors.push(message),
  };
  return { logger, errors };
}

Deno.test("work pauses before its first slice and after a few milliseconds", async () => {
  const { clock, state, work } = countingClock();
  const { promise, resolve } = Promise.withResolvers<void>();
  const { logger } = recordingLogger();
  const sleepsBefore: number[] = [];
  createSlices({ clock, logger }).run(() => {
    sleepsBefore.push(state.sleeps);
    work();
    if (sleepsBefore.length === 7) resolve();
    return sleepsBefore.length < 7;
  });
  assert.deepEqual(sleepsBefore, [], "nothing runs in the caller's turn");
  await promise;
  assert.deepEqual(sleepsBefore, [1, 1, 1, 2, 2, 2, 3]);
});

Deno.test("a slice that fails is logged, and the next one runs", async () => {
  const { clock } = countingClock();
  const { promise, resolve } = Promise.withResolvers<void>();
  const { logger, errors } = recordingLogger();
  let runs = 0;
  createSlices({ clock, logger }).run(() => {
    if (++runs === 1) throw new Error("broken");
    resolve();
    return false;
  });
  await promise;
  assert.equal(errors.length, 1);
});
