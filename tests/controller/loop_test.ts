import assert from "node:assert/strict";
import type { Logger } from "../../lib/api/logger.ts";
import { Loop, type LoopOptions } from "../../lib/controller/loop.ts";
import type { WorkQueue } from "../../lib/controller/queue.ts";
import { NotLeaderError } from "../../lib/controller/leadership.ts";
import { ApiError, ConnectionError } from "../../lib/kube/errors.ts";
import { ManualClock, settle } from "../support/manual_clock.ts";

const refusal = (httpCode: number) => new ApiError({ method: "PATCH", path: "/", httpCode });

interface SetUp {
  /** What the reconciliations do, one after the other; later ones succeed. */
  results?: (() => number | undefined)[];
  synced?: boolean;
  options?: Partial<LoopOptions>;
}

function setUp({ results = [], synced = true, options = {} }: SetUp = {}) {
  const clock = new ManualClock();
  const state = { leading: true, synced };
  const reconciled: [key: string, at: number][] = [];
  const warnings: unknown[] = [];
  const queues = new Map<string, WorkQueue>();
  const outcomes: unknown[] = [];
  const logger: Logger = {
    debug() {},
    info() {},
    warn: (message, fields) => warnings.push([message, fields?.widget]),
    error: (message) => warnings.push([message]),
  };
  const loop = new Loop({
    clock,
    logger,
    isLeader: () => state.leading,
    isSynced: () => state.synced,
    metrics: {
      observer: () => ({
        onAdded() {},
        onStarted() {},
        onDone: (outcome) => outcomes.push(outcome),
      }),
      observe: (controller, queue) => queues.set(controller, queue),
    },
  }, {
    controller: "widget",
    concurrency: 1,
    task: "reconcile a widget",
    keyField: "widget",
    // Throws before there is a promise, too.
    reconcile(key) {
      reconciled.push([key, clock.monotonic()]);
      return Promise.resolve(results.shift()?.());
    },
    ...options,
  });
  const stop = new AbortController();
  const running = loop.run(stop.signal);
  const end = async () => {
    stop.abort();
    await running;
  };
  return { clock, state, loop, reconciled, warnings, queues, outcomes, stop, running, end };
}

const fail = (error: unknown) => () => {
  throw error;
};

Deno.test("Loop retries a key whose reconciliation throws, ever later, and says so", async () => {
  const results = [fail(new TypeError("a bug")), fail(refusal(422)), fail("not even an error")];
  const { clock, loop, reconciled, warnings, outcomes, end } = setUp({ results });
  loop.add("a");
  await clock.advance(10_000);
  assert.deepEqual(reconciled.map(([, at]) => at), [0, 100, 300, 700]);
  const warning = ["Cannot reconcile a widget; trying again", "a"];
  assert.deepEqual(warnings, [warning, warning, warning]);
  assert.deepEqual(outcomes, [{ failed: true }, { failed: true }, { failed: true }, {}]);
  loop.add("a");
  await clock.advance(0);
  assert.equal(reconciled.length, 5, "the key is not locked");
  await end();
});

Deno.test("Loop goes on within seconds of the API server's recovery, however long it was unavailable", async () => {
  const lost = new ConnectionError({ method: "GET", path: "/", problem: "refused" });
  for (const fault of [refusal(503), refusal(500), refusal(429), lost]) {
    const results = Array.from({ length: 1_000 }, () => fail(fault));
    const { clock, loop, reconciled, end } = setUp({ results });
    loop.add("a");
    await clock.advance(600_000);
    results.length = 0;
    const before = reconciled.length;
    assert.ok(before < 150, `${before} in ten minutes`);
    await clock.advance(5_000);
    assert.equal(reconciled.length, before + 1);
    await end();
  }
});

Deno.test("Loop retries after a conflict or a missing object, which is no error", async () => {
  const results = [409, 404, 409].map((code) => fail(refusal(code)));
  const { clock, loop, reconciled, warnings, outcomes, end } = setUp({ results });
  loop.add("a");
  await clock.advance(10_000);
  assert.deepEqual(reconciled.map(([, at]) => at), [0, 100, 300, 700]);
  assert.deepEqual(warnings, []);
  assert.ok(outcomes.every((outcome) => !Object.hasOwn(Object(outcome), "failed")));
  await end();
});

Deno.test("Loop retries no more often than every few seconds where conflicts do not end", async () => {
  const results = Array.from({ length: 100 }, () => fail(refusal(409)));
  const { clock, loop, reconciled, end } = setUp({ results });
  loop.add("a");
  await clock.advance(60_000);
  assert.ok(reconciled.length < 20, `${reconciled.length} in a minute`);
  await end();
});

Deno.test("Loop drops the keys of a follower, and of a leader that is replaced meanwhile", async () => {
  const { clock, state, loop, reconciled, warnings, end } = setUp({
    results: [fail(new NotLeaderError())],
  });
  loop.add("a");
  await clock.advance(10_000);
  assert.equal(reconciled.length, 1);
  state.leading = false;
  loop.add("b");
  await clock.advance(10_000);
  state.leading = true;
  await clock.advance(10_000);
  assert.equal(reconciled.length, 1);
  assert.deepEqual(warnings, []);
  await end();
});

Deno.test("Loop reconciles on every replica, and before the index is synced, only if configured", async () => {
  const options = { everyReplica: true, unsynced: true };
  const { clock, state, loop, reconciled, end } = setUp({ options });
  state.leading = false;
  state.synced = false;
  loop.add("a");
  await clock.advance(0);
  assert.equal(reconciled.length, 1);
  await end();
});

Deno.test("Loop keeps its keys while the index is not synced", async () => {
  const { clock, state, loop, reconciled, end } = setUp();
  await settle();
  state.synced = false;
  loop.add("a");
  await clock.advance(10_000);
  assert.equal(reconciled.length, 0);
  state.synced = true;
  await clock.advance(1_000);
  assert.equal(reconciled.length, 1);
  await end();
});

Deno.test("Loop takes no key before the index is synced for the first time", async () => {
  const { clock, state, loop, queues, reconciled, outcomes, end } = setUp({ synced: false });
  for (const key of ["a", "b", "c"]) loop.add(key);
  await clock.advance(10_000);
  assert.deepEqual([queues.get("widget")?.depth, outcomes.length], [3, 0]);
  state.synced = true;
  await clock.advance(1_000);
  assert.equal(reconciled.length, 3);
  await end();
});

Deno.test("Loop counts keys that are due, and those that the leader holds back, as waiting", async () => {
  const { clock, state, loop, queues, end } = setUp({
    synced: false,
    options: { heldBack: () => 5 },
  });
  loop.add("due");
  loop.add("delayed", 1_000);
  assert.equal(queues.get("widget")?.depth, 1 + 5);
  await clock.advance(1_000);
  assert.equal(queues.get("widget")?.depth, 2 + 5);
  state.leading = false;
  assert.equal(queues.get("widget")?.depth, 2, "a follower reconciles none of them");
  await end();
});

Deno.test("Loop waits at its end for writes in the background, and survives one that throws", async () => {
  const { loop, stop, running, warnings } = setUp();
  let finish = () => {};
  loop.start(() => new Promise<void>((resolve) => finish = resolve));
  loop.start(() => Promise.reject(new TypeError("a bug")));
  await settle();
  assert.equal(loop.inFlight, 1);
  assert.equal(warnings.length, 1);
  let hasEnded = false;
  running.then(() => hasEnded = true);
  stop.abort();
  await settle();
  assert.equal(hasEnded, false);
  finish();
  await running;
  assert.equal(loop.inFlight, 0);
});

Deno.test("Loop reconciles other keys while a reconciliation gets no answer, and ends after it", async () => {
  const answer = Promise.withResolvers<undefined>();
  const begun: string[] = [];
  const { clock, loop, stop, running } = setUp({
    options: {
      concurrency: 2,
      reconcile(key) {
        begun.push(key);
        return key === "stuck" ? answer.promise : Promise.resolve(undefined);
      },
    },
  });
  loop.add("stuck");
  loop.add("a");
  await clock.advance(0);
  loop.add("stuck");
  loop.add("b");
  await clock.advance(3_600_000);
  assert.deepEqual(begun, ["stuck", "a", "b"], "a key is never reconciled twice at a time");
  let hasEnded = false;
  void running.then(() => hasEnded = true);
  stop.abort();
  await clock.advance(1_000);
  assert.equal(hasEnded, false);
  answer.resolve(undefined);
  await running;
  assert.deepEqual(begun, ["stuck", "a", "b"], "nothing begins after the end");
});

Deno.test("Loop drops a key whose process loses leadership while its reconciliation waits", async () => {
  const answer = Promise.withResolvers<undefined>();
  let begun = 0;
  const { clock, loop, state, warnings, end } = setUp({
    options: {
      reconcile() {
        begun++;
        return answer.promise;
      },
    },
  });
  loop.add("a");
  await clock.advance(0);
  state.leading = false;
  answer.reject(new NotLeaderError());
  await clock.advance(3_600_000);
  assert.equal(begun, 1);
  assert.deepEqual(warnings, []);
  await end();
});
