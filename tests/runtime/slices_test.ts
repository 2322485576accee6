import assert from "node:assert/strict";
import type { Logger } from "../../lib/api/logger.ts";
import type { Steps } from "../../lib/core/steps.ts";
import { createSlices } from "../../lib/runtime/slices.ts";
import { settle } from "../support/manual_clock.ts";

/** Slices on a clock on which each step takes a millisecond; a turn of the event loop ends with `nextTurn`. */
function setUp({ isServing = true } = {}) {
  let now = 0;
  let asleep: (() => void)[] = [];
  const errors: string[] = [];
  const ignore = () => {};
  const logger: Logger = {
    ...{ debug: ignore, info: ignore, warn: ignore },
    error: (message) => void errors.push(message),
  };
  const sleeps: number[] = [];
  const clock = {
    monotonic: () => now,
    sleep(milliseconds: number) {
      sleeps.push(milliseconds);
      return new Promise<void>((resolve) => void asleep.push(resolve));
    },
  };
  const log: string[] = [];
  const step = (name: string) => {
    now++;
    log.push(name);
  };
  function* steps(name: string, count: number): Steps<string> {
    for (let i = 0; i < count; i++) {
      if (i > 0) yield;
      step(name);
    }
    return name;
  }
  const wake = async () => {
    const ending = asleep;
    asleep = [];
    for (const end of ending) end();
    await settle();
  };
  /** Ends the turn, and the rest after a long one; answers which steps were done since. */
  const nextTurn = async () => {
    log.length = 0;
    await wake();
    if (log.length === 0) await wake();
    return log.join("");
  };
  const slices = createSlices({ clock, logger, isServing: () => isServing });
  return { slices, log, errors, sleeps, step, steps, nextTurn };
}

Deno.test("a short computation runs at once", async () => {
  const { slices, log, steps } = setUp();
  const result = slices.runSteps(steps("a", 3));
  assert.equal(log.join(""), "aaa");
  assert.equal(await result, "a");
});

Deno.test("a long computation goes on in later turns of the event loop", async () => {
  const { slices, log, steps, nextTurn } = setUp();
  const result = slices.runSteps(steps("a", 8));
  assert.equal(log.join(""), "aaa");
  assert.equal(await nextTurn(), "aaa");
  assert.equal(await nextTurn(), "aa");
  assert.equal(await result, "a");
});

for (const isServing of [true, false]) {
  const pauses = isServing ? "rests as long as it works" : "yields one turn before reviews arrive";
  Deno.test(`long work ${pauses}`, async () => {
    const { slices, sleeps, steps, nextTurn } = setUp({ isServing });
    const results = [slices.runSteps(steps("a", 4)), slices.runSteps(steps("b", 1))];
    const queue = slices.pause();
    await nextTurn();
    assert.deepEqual(await Promise.all([...results, queue]), ["a", "b", undefined]);
    const rests = sleeps.filter((milliseconds) => milliseconds > 0);
    assert.deepEqual(rests, isServing ? [3] : [], "one rest for all");
  });
}

Deno.test("each of several queues is the first of a turn in its time", async () => {
  const { slices, step, nextTurn } = setUp();
  const work = async (name: string) => {
    for (let i = 0; i < 20; i++) {
      await slices.pause();
      step(name);
    }
  };
  const results = [work("a"), work("b"), work("c")];
  const firsts = [];
  for (let i = 0; i < 4; i++) firsts.push((await nextTurn())[0]);
  assert.deepEqual(new Set(firsts), new Set(["a", "b", "c"]));
  while (await nextTurn() !== "");
  await Promise.all(results);
});

Deno.test("all long work shares the time of a turn, and takes turns", async () => {
  const { slices, log, steps, step, nextTurn } = setUp();
  const results = [slices.runSteps(steps("a", 5)), slices.runSteps(steps("b", 2))];
  let left = 2;
  slices.run(() => {
    step("c");
    return --left > 0;
  });
  assert.equal(log.join(""), "aaa", "others wait, although they are short");
  assert.ok(!slices.hasTime());
  assert.equal(await nextTurn(), "abc");
  assert.equal(await nextTurn(), "abc");
  assert.deepEqual(await Promise.all(results), ["a", "b"]);
});

Deno.test("a queue pauses in a turn without time, and not in the next one", async () => {
  const { slices, steps, nextTurn } = setUp();
  assert.equal(slices.pause(), undefined);
  await slices.runSteps(steps("a", 3));
  const pause = slices.pause();
  assert.ok(pause);
  await nextTurn();
  await pause;
  assert.equal(slices.pause(), undefined);
});

Deno.test("a slice that fails is logged, and the next one runs", async () => {
  const { slices, errors, nextTurn } = setUp();
  let runs = 0;
  slices.run(() => {
    if (++runs === 1) throw new Error("broken");
    return false;
  });
  assert.equal(runs, 0, "nothing runs in the caller's turn");
  await nextTurn();
  assert.equal(runs, 2);
  assert.equal(errors.length, 1);
});

Deno.test("what pauses goes on between the steps of long work, more than once in a turn", async () => {
  const { slices, step, steps, nextTurn } = setUp();
  void slices.runSteps(steps("a", 30));
  let isEnded = false;
  const events = async () => {
    while (!isEnded) {
      await slices.pause();
      step("e");
    }
  };
  const reading = events();
  await nextTurn();
  assert.equal(await nextTurn(), "aeae");
  assert.equal(await nextTurn(), "aeae");
  isEnded = true;
  await nextTurn();
  await reading;
});

Deno.test("a computation that fails rejects, and others go on", async () => {
  const { slices, steps, nextTurn } = setUp();
  function* failing(): Steps<string> {
    yield* steps("a", 4);
    throw new Error("broken");
  }
  const results = Promise.allSettled([slices.runSteps(failing()), slices.runSteps(steps("b", 5))]);
  while (await nextTurn() !== "");
  const [failed, other] = await results;
  assert.deepEqual([failed?.status, other?.status], ["rejected", "fulfilled"]);
});
