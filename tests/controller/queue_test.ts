import assert from "node:assert/strict";
import { type Outcome, WorkQueue } from "../../lib/controller/queue.ts";
import { ManualClock, settle } from "../support/manual_clock.ts";

async function withQueue(
  worker: (key: string) => Promise<Outcome>,
  test: (queue: WorkQueue, clock: ManualClock) => Promise<void>,
): Promise<void> {
  const clock = new ManualClock();
  const queue = new WorkQueue({ clock, concurrency: 2, baseDelay: 10, maxDelay: 50 });
  const stop = new AbortController();
  const running = queue.run(worker, stop.signal);
  try {
    await test(queue, clock);
  } finally {
    stop.abort();
    await running;
  }
}

Deno.test("WorkQueue works once on a key that was added several times", async () => {
  const worked: string[] = [];
  const worker = (key: string) => {
    worked.push(key);
    return Promise.resolve({});
  };
  await withQueue(worker, async (queue) => {
    queue.add("a");
    queue.add("a");
    queue.add("b");
    await settle();
    assert.deepEqual(worked, ["a", "b"]);
  });
});

Deno.test("WorkQueue keeps the earlier of two times of a key", async () => {
  const worked: number[] = [];
  let now = () => 0;
  const worker = () => {
    worked.push(now());
    return Promise.resolve({});
  };
  await withQueue(worker, async (queue, clock) => {
    now = () => clock.monotonic();
    queue.add("a", 500);
    queue.add("a", 100);
    queue.add("a", 900);
    await clock.advance(1_000);
    assert.deepEqual(worked, [100]);
  });
});

Deno.test("WorkQueue processes a key once at a time, and again if it was added meanwhile", async () => {
  const gates: (() => void)[] = [];
  const worker = () => new Promise<Outcome>((resolve) => gates.push(() => resolve({})));
  await withQueue(worker, async (queue) => {
    queue.add("a");
    await settle();
    assert.equal(queue.depth, 0);
    queue.add("a");
    await settle();
    assert.equal(gates.length, 1);
    assert.equal(queue.depth, 1, "as in client-go");
    gates[0]?.();
    await settle();
    assert.equal(gates.length, 2);
    assert.equal(queue.depth, 0);
    gates[1]?.();
  });
});

Deno.test("WorkQueue works on at most the given number of keys at a time", async () => {
  const gates: (() => void)[] = [];
  const worker = () => new Promise<Outcome>((resolve) => gates.push(() => resolve({})));
  await withQueue(worker, async (queue) => {
    for (const key of ["a", "b", "c"]) queue.add(key);
    await settle();
    assert.equal(gates.length, 2);
    gates[0]?.();
    await settle();
    assert.equal(gates.length, 3);
    for (const gate of gates) gate();
  });
});

Deno.test("WorkQueue retries a failed key with growing delays, and forgets failures after a success", async () => {
  const tries: number[] = [];
  let clockOf = () => 0;
  const worker = (): Promise<Outcome> => {
    tries.push(clockOf());
    return Promise.resolve<Outcome>(tries.length === 5 ? {} : { failed: true });
  };
  await withQueue(worker, async (queue, clock) => {
    clockOf = () => clock.monotonic();
    queue.add("a");
    await clock.advance(1_000);
    assert.deepEqual(tries, [0, 10, 30, 70, 120]);
    queue.add("a");
    await clock.advance(10);
    assert.deepEqual(tries.slice(5), [1_000, 1_010]);
  });
});

Deno.test("WorkQueue waits for the workers under way when it is stopped", async () => {
  const clock = new ManualClock();
  const queue = new WorkQueue({ clock, concurrency: 1, baseDelay: 10, maxDelay: 50 });
  const stop = new AbortController();
  let finish = () => {};
  let ended = false;
  const worker = () => new Promise<Outcome>((resolve) => finish = () => resolve({}));
  const running = queue.run(worker, stop.signal).then(() => ended = true);
  queue.add("a");
  await settle();
  stop.abort();
  await settle();
  assert.equal(ended, false);
  finish();
  await running;
});

Deno.test("WorkQueue retries a key whose worker throws, and goes on with the others", async () => {
  const worked: string[] = [];
  const worker = (key: string): Promise<Outcome> => {
    worked.push(key);
    if (key === "a" && worked.length === 1) throw new TypeError("a bug");
    if (key === "b" && worked.length === 2) return Promise.reject(new TypeError("another bug"));
    return Promise.resolve({});
  };
  await withQueue(worker, async (queue, clock) => {
    queue.add("a");
    queue.add("b");
    await clock.advance(10);
    assert.deepEqual(worked, ["a", "b", "a", "b"]);
  });
});

Deno.test("WorkQueue lets time pass before it requeues a key that is due again", async () => {
  const clock = new ManualClock();
  const queue = new WorkQueue({ clock, concurrency: 1, baseDelay: 100, maxDelay: 1_000 });
  const times: number[] = [];
  const stop = new AbortController();
  const running = queue.run(() => {
    times.push(clock.monotonic());
    return Promise.resolve(times.length < 4 ? { requeueAfter: 0 } : {});
  }, stop.signal);
  queue.add("a");
  await clock.advance(0);
  assert.deepEqual(times, [0]);
  await clock.advance(10);
  assert.deepEqual(times, [0, 1, 2, 3]);
  stop.abort();
  await running;
});

Deno.test("WorkQueue takes the next key after a pause where the event loop has been busy", async () => {
  const clock = new ManualClock();
  const worked: string[] = [];
  const { promise: nextTurn, resolve } = Promise.withResolvers<void>();
  let isBusy = false;
  const queue = new WorkQueue({
    ...{ clock, concurrency: 2, baseDelay: 10, maxDelay: 50 },
    pause: () => isBusy ? nextTurn : undefined,
  });
  for (const key of ["a", "b", "c"]) queue.add(key);
  const stop = new AbortController();
  const running = queue.run((key) => {
    worked.push(key);
    isBusy = worked.length === 2;
    return Promise.resolve({});
  }, stop.signal);
  await settle();
  assert.deepEqual(worked, ["a", "b"]);
  isBusy = false;
  resolve();
  await settle();
  assert.deepEqual(worked, ["a", "b", "c"]);
  stop.abort();
  await running;
});
