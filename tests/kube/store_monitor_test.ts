import assert from "node:assert/strict";
import { StoreMonitor } from "../../lib/kube/store_monitor.ts";
import { ApiError, ConnectionError } from "../../lib/kube/errors.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { quietLogger } from "../support/quiet_logger.ts";

const request = { method: "GET", path: "/lease" };
const refused = new ConnectionError({ ...request, problem: "connection refused" });
const timedOut = new DOMException("no response in time", "AbortError");
const forbidden = new ApiError({ ...request, httpCode: 403 });

/** Reads that are answered as a test says: by a version, or by an error. */
function setUp() {
  const clock = new ManualClock();
  const stop = new AbortController();
  const seen = { reads: 0, reachable: 0, rollbacks: 0 };
  const state: { answer: string | Error | undefined } = { answer: "100" };
  const read = () => {
    seen.reads++;
    const { answer } = state;
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  const monitor = new StoreMonitor({
    read,
    clock,
    logger: quietLogger,
  });
  monitor.subscribe({
    onReachable: () => seen.reachable++,
    onRollback: () => seen.rollbacks++,
  });
  return {
    ...{ clock, monitor, seen, state },
    observe: () => monitor.observe(read(), (version) => version).catch(() => {}),
    start: () => monitor.run(stop.signal),
    end: () => stop.abort(),
  };
}

Deno.test("StoreMonitor is uncertain after two failed connections, until the store responds", async () => {
  const { monitor, state, seen, clock, observe, start, end } = setUp();
  await observe();
  const running = start();
  state.answer = refused;
  await observe();
  assert.equal(monitor.isUncertain, false, "one connection may break at any time");
  await clock.advance(250);
  assert.equal(monitor.isUncertain, true);
  state.answer = forbidden;
  await clock.advance(1_000);
  assert.equal(monitor.isUncertain, true, "an API server that has just started refuses everybody");
  state.answer = "101";
  await clock.advance(250);
  assert.equal(monitor.isUncertain, false);
  assert.equal(seen.reachable, 1);
  assert.equal(seen.rollbacks, 0);
  end();
  await running;
});

Deno.test("StoreMonitor becomes certain again of an API server that keeps denying the read", async () => {
  const { monitor, state, clock, observe, start, end } = setUp();
  state.answer = refused;
  await observe();
  await observe();
  const running = start();
  state.answer = forbidden;
  await clock.advance(29_000);
  assert.equal(monitor.isUncertain, true);
  await clock.advance(3_000);
  assert.equal(monitor.isUncertain, false);
  end();
  await running;
});

Deno.test("StoreMonitor stays certain of an API server that only does not respond", async () => {
  const { monitor, state, clock, observe, start, end } = setUp();
  await observe();
  const running = start();
  state.answer = timedOut;
  await clock.advance(60_000);
  assert.equal(monitor.isUncertain, false);
  end();
  await running;
});

Deno.test("StoreMonitor is uncertain once a watch broke and the next read gets no connection", async () => {
  const { monitor, state, seen, clock, observe, start, end } = setUp();
  await observe();
  const running = start();
  await clock.advance(1_000);
  state.answer = refused;
  monitor.onBrokenConnection();
  assert.equal(monitor.isUncertain, false, "a watch may break at any time");
  await clock.advance(0);
  assert.equal(monitor.isUncertain, true, "the read does not wait for the next interval");
  for (const answer of [timedOut, forbidden, timedOut]) {
    state.answer = answer;
    await clock.advance(2_000);
    assert.equal(monitor.isUncertain, true, answer.message);
  }
  state.answer = "99";
  await clock.advance(250);
  assert.equal(monitor.isUncertain, false);
  assert.equal(seen.rollbacks, 1);
  end();
  await running;
});

Deno.test("StoreMonitor is uncertain once a watch broke and the next read gets no response", async () => {
  const { monitor, state, clock, observe, start, end } = setUp();
  await observe();
  const running = start();
  state.answer = timedOut;
  monitor.onBrokenConnection();
  await clock.advance(500);
  assert.equal(monitor.isUncertain, true);
  end();
  await running;
});

Deno.test("StoreMonitor stays uncertain while reads get other failures than the first", async () => {
  for (const answer of [timedOut, forbidden]) {
    const { monitor, state, clock, observe, start, end } = setUp();
    await observe();
    const running = start();
    state.answer = refused;
    await observe();
    state.answer = answer;
    await clock.advance(250);
    assert.equal(monitor.isUncertain, true, answer.message);
    end();
    await running;
  }
});

Deno.test("StoreMonitor reads once more after a watch broke, and then at its interval", async () => {
  const { monitor, seen, clock, observe, start, end } = setUp();
  await observe();
  const running = start();
  await clock.advance(1_000);
  monitor.onBrokenConnection();
  await clock.advance(1_000);
  assert.equal(seen.reads, 2);
  assert.equal(seen.reachable, 0);
  assert.equal(monitor.isUncertain, false);
  await clock.advance(2_000);
  assert.equal(seen.reads, 3);
  end();
  await running;
});

Deno.test("StoreMonitor does not take the response to an earlier read for a new connection", async () => {
  const { monitor, state, clock, start, end } = setUp();
  const slow = Promise.withResolvers<string>();
  const earlier = monitor.observe(slow.promise, (version) => version);
  await clock.advance(10);
  state.answer = refused;
  monitor.onBrokenConnection();
  slow.resolve("100");
  await earlier;
  const running = start();
  await clock.advance(250);
  assert.equal(monitor.isUncertain, true);
  end();
  await running;
});

Deno.test("StoreMonitor counts the errors of a stopping and of a starting API server separately", async () => {
  const { monitor, state, clock, observe, start, end } = setUp();
  const running = start();
  state.answer = refused;
  await observe();
  state.answer = forbidden;
  await clock.advance(20_000);
  state.answer = timedOut;
  await clock.advance(1_000);
  state.answer = forbidden;
  await clock.advance(20_000);
  assert.equal(monitor.isUncertain, true);
  end();
  await running;
});

Deno.test("StoreMonitor reports a rollback of the store once, by any reader", async () => {
  const { seen, state, clock, observe, start, end } = setUp();
  await observe();
  state.answer = "99";
  const running = start();
  await clock.advance(3_000);
  assert.equal(seen.rollbacks, 1);
  await clock.advance(9_000);
  assert.equal(seen.rollbacks, 1);
  assert.ok(seen.reads <= 5, `${seen.reads} reads`);
  end();
  await running;
});

Deno.test("StoreMonitor takes an object that is missing for a rollback, once", async () => {
  const { seen, state, clock, observe, start, end } = setUp();
  state.answer = undefined;
  await observe();
  assert.equal(seen.rollbacks, 0, "the object did not exist before");
  state.answer = "100";
  await observe();
  state.answer = undefined;
  const running = start();
  await clock.advance(9_000);
  assert.equal(seen.rollbacks, 1);
  state.answer = "90";
  await clock.advance(3_000);
  assert.equal(seen.rollbacks, 1);
  end();
  await running;
});

Deno.test("StoreMonitor reads nothing while others do", async () => {
  const { seen, clock, observe, start, end } = setUp();
  const running = start();
  await clock.advance(0);
  const before = seen.reads;
  for (let i = 0; i < 10; i++) {
    await observe();
    await clock.advance(2_000);
  }
  assert.equal(seen.reads - before, 10);
  end();
  await running;
});

Deno.test("StoreMonitor does not take a slow answer for a rollback", async () => {
  const { monitor, seen, clock } = setUp();
  const slow = Promise.withResolvers<string>();
  const first = monitor.observe(slow.promise, (version) => version);
  await clock.advance(10);
  await monitor.observe(Promise.resolve("101"), (version) => version);
  await clock.advance(10);
  slow.resolve("100");
  await first;
  assert.equal(seen.rollbacks, 0);
  await monitor.observe(Promise.resolve("100"), (version) => version);
  assert.equal(seen.rollbacks, 1);
});
