import assert from "node:assert/strict";
import {
  HEALTHY_AFTER_MS,
  isForbidden,
  MIN_WATCH_MS,
  start,
  step,
} from "../../lib/kube/reflector.ts";
import type { Failure, Input, State } from "../../lib/kube/reflector_types.ts";

const context = { now: 0, random: 0.999 };

function reading(overrides: Partial<State> = {}): State {
  return {
    task: { do: "read", version: "7", openedAt: 0 },
    failures: 0,
    isSynced: true,
    isLive: true,
    refusals: 0,
    streams: false,
    ...overrides,
  };
}

function failing(failure: Partial<Failure>): Input<string> {
  return { type: "failed", failure: { message: "x", ...failure } };
}

function waitOf(state: State): { milliseconds: number; then: string } {
  assert.ok(state.task.do === "wait");
  const { milliseconds, then } = state.task;
  return { milliseconds, then: "version" in then ? `${then.do} ${then.version}` : then.do };
}

Deno.test("step() reports each page, and the end of the list after the last", () => {
  const first = step(start(), {
    type: "page",
    items: ["a", "b"],
    token: "t",
    version: "5",
  }, context);
  assert.deepEqual(first.changes, [{ type: "page", items: ["a", "b"], first: true }]);
  assert.equal(first.state.isSynced, false);
  const last = step(first.state, { type: "page", items: ["c"], version: "5" }, context);
  assert.deepEqual(last.changes, [
    { type: "page", items: ["c"], first: false },
    { type: "listed", resourceVersion: "5" },
  ]);
  assert.deepEqual(last.state.task, { do: "watch", version: "5" });
  assert.equal(last.state.isSynced, true);
});

for (
  const [what, input, then] of [
    ["a broken connection", failing({}), "check 7"],
    ["a 500", failing({ httpCode: 500 }), "watch 7"],
    ["a 401", failing({ httpCode: 401 }), "watch 7"],
    ["a 410", failing({ httpCode: 410 }), "list"],
    ["a version that is not there yet", failing({ httpCode: 504, isTooLarge: true }), "list"],
    ["what cannot be read", failing({ isUnreadable: true }), "list"],
    ["a consumer that threw", { type: "rejected" }, "list"],
    ["silence", { type: "silent", list: false }, "check 7"],
    ["silence that must not be missed", { type: "silent", list: true }, "list"],
    ["an end in good order", { type: "ended" }, "watch 7"],
  ] as const
) {
  Deno.test(`step() waits after ${what}, then goes on with ${then}`, () => {
    const { state, changes } = step<string>(reading(), input, context);
    assert.equal(waitOf(state).then, then);
    assert.ok(waitOf(state).milliseconds > 0);
    assert.deepEqual(changes, []);
  });
}

Deno.test("step() keeps the token after a failure, and begins a new list after a 410", () => {
  const { state: paging } = step(start(), {
    type: "page",
    items: ["a"],
    token: "t",
    version: "5",
  }, context);
  const failed = step(paging, failing({ httpCode: 500 }), context).state;
  assert.deepEqual(step(failed, { type: "waited" }, context).state.task, paging.task);
  const expired = step(paging, failing({ httpCode: 410 }), context).state;
  assert.deepEqual(step(expired, { type: "waited" }, context).state.task, start().task);
});

Deno.test("step() counts failures until a watch has lasted long enough", () => {
  const soon = { now: HEALTHY_AFTER_MS - 1, random: 1 };
  const late = { now: HEALTHY_AFTER_MS, random: 1 };
  const tired = reading({ failures: 3, healthySince: 0 });
  assert.equal(waitOf(step(tired, failing({}), soon).state).milliseconds, 6_400);
  assert.equal(waitOf(step(tired, failing({}), late).state).milliseconds, 800);
  assert.equal(step<string>(tired, { type: "ended" }, soon).state.failures, 3);
  assert.equal(step<string>(tired, { type: "ended" }, late).state.failures, 0);
});

Deno.test("step() counts watches that follow each other as one", () => {
  const at = (now: number) => ({ now, random: 1 });
  let state = reading({ task: { do: "watch", version: "7" }, failures: 3 });
  for (let now = 0; now < HEALTHY_AFTER_MS; now += MIN_WATCH_MS) {
    state = step<string>(state, { type: "opened" }, at(now)).state;
    state = step<string>(state, { type: "ended" }, at(now + MIN_WATCH_MS)).state;
    state = step<string>(state, { type: "waited" }, at(now + MIN_WATCH_MS)).state;
  }
  assert.equal(state.failures, 0);
  const broken = step(state, failing({}), at(HEALTHY_AFTER_MS + 1)).state;
  assert.equal(broken.failures, 1);
  assert.equal(broken.healthySince, undefined);
});

Deno.test("step() is not synced after silence, until another watch is open or all is listed", () => {
  const { state: resuming } = step<string>(reading(), { type: "silent", list: false }, context);
  assert.deepEqual([resuming.isSynced, resuming.isLive], [true, false]);
  const checking = step<string>(resuming, { type: "waited" }, context).state;
  const watching = step<string>(checking, { type: "checked", version: "9" }, context).state;
  assert.deepEqual(watching.task, { do: "watch", version: "7" });
  assert.equal(step<string>(watching, { type: "opened" }, context).state.isLive, true);
  const { state: listing } = step<string>(reading(), { type: "silent", list: true }, context);
  assert.deepEqual([listing.isSynced, listing.isLive, waitOf(listing).then], [true, false, "list"]);
});

for (
  const [what, task, input] of [
    ["the store has a lower one", { do: "check", version: "7" }, {
      type: "checked",
      version: "6",
    }],
    ["a bookmark has a lower one", { do: "read", version: "7", openedAt: 0 }, {
      type: "bookmark",
      version: "6",
    }],
    ["an event has a lower one", { do: "read", version: "7", openedAt: 0 }, {
      type: "apply",
      object: "x",
      version: "6",
    }],
    ["another read had a lower one", { do: "watch", version: "7" }, { type: "rolledBack" }],
  ] satisfies [string, State["task"], Input<string>][]
) {
  Deno.test(`step() lists again, and compares with nothing it knows, when instead of its version ${what}`, () => {
    const { state, changes } = step<string>(reading({ task }), input, context);
    assert.deepEqual(state.task, { do: "list" });
    assert.equal(state.isSynced, false);
    assert.deepEqual(changes, [{ type: "rolledBack" }]);
  });
}

Deno.test("step() ends a wait for an API server that can be reached again, and no other one", () => {
  const reachable = { type: "reachable" } as const;
  const unreachable = step(reading(), failing({}), context).state;
  assert.deepEqual(step<string>(unreachable, reachable, context).state.task, {
    do: "check",
    version: "7",
  });
  const asked = step(reading(), failing({ httpCode: 429, retryAfterSeconds: 5 }), context).state;
  assert.equal(step<string>(asked, reachable, context).state, asked);
});

Deno.test("step() watches on soon after a watch that ended in good order, unless it was short", () => {
  const short = step<string>(reading(), { type: "ended" }, { now: MIN_WATCH_MS - 1, random: 1 });
  const usual = step<string>(reading(), { type: "ended" }, { now: MIN_WATCH_MS, random: 1 });
  assert.equal(waitOf(short.state).milliseconds, 800);
  assert.equal(short.state.failures, 1);
  assert.equal(waitOf(usual.state).milliseconds, 20);
});

Deno.test("step() tries again soon after a first 403, ever later after more, and is then forbidden", () => {
  const random = 1;
  let state = reading();
  const seen: [milliseconds: number, isForbidden: boolean][] = [];
  for (let refusal = 0; refusal < 8; refusal++) {
    state = step(state, failing({ httpCode: 403 }), { now: 0, random }).state;
    seen.push([waitOf(state).milliseconds, isForbidden(state)]);
    state = step(state, { type: "waited" }, context).state;
  }
  assert.deepEqual(seen, [
    [800, false],
    [1_600, false],
    [3_200, false],
    [6_400, false],
    [12_800, true],
    [25_600, true],
    [51_200, true],
    [60_000, true],
  ]);
  assert.equal(isForbidden(step(state, failing({ httpCode: 500 }), context).state), false);
  assert.equal(isForbidden(step<string>(state, { type: "opened" }, context).state), false);
});

Deno.test("step() is not synced after the consumer threw, until everything is listed again", () => {
  const rejected = step<string>(reading(), { type: "rejected" }, context).state;
  assert.equal(rejected.isSynced, false);
  const listing = step(rejected, { type: "waited" }, context).state;
  assert.equal(
    step(listing, { type: "page", items: ["a"], version: "9" }, context).state.isSynced,
    true,
  );
});

Deno.test("step() returns the same state for an input that does not belong to its task", () => {
  const state = start();
  for (const type of ["opened", "ended", "waited"] as const) {
    assert.equal(step(state, { type }, context).state, state);
  }
});

/** The state after these inputs, and all that was reported. */
function after(state: State, ...inputs: Input<string>[]) {
  const reported: unknown[] = [];
  for (const input of inputs) {
    const next = step(state, input, context);
    state = next.state;
    reported.push(...next.changes);
  }
  return { state, reported };
}

const STREAMED: Input<string>[] = [
  { type: "opened" },
  { type: "apply", object: "b", version: "9" },
  { type: "apply", object: "a", version: "3" },
];

Deno.test("step() reports a stream's objects as parts of one list, and its end after the last", () => {
  const { state, reported } = after(start({ streams: true }), ...STREAMED);
  assert.equal(state.isSynced, false);
  assert.deepEqual(reported, [
    { type: "page", items: ["b"], first: true },
    { type: "page", items: ["a"], first: false },
  ]);
  const end = after(
    state,
    { type: "bookmark", version: "9" },
    { type: "delete", object: "b", version: "11" },
    { type: "initialEnd", version: "12" },
  );
  assert.deepEqual(end.reported, [
    { type: "delete", object: "b" },
    { type: "listed", resourceVersion: "12" },
  ]);
  assert.equal(end.state.isSynced, true);
  assert.deepEqual(end.state.task, { do: "watch", version: "12" });
});

Deno.test("step() reports an empty list for a stream without objects", () => {
  const inputs = [{ type: "opened" }, { type: "initialEnd", version: "5" }] as const;
  assert.deepEqual(after(start({ streams: true }), ...inputs).reported, [
    { type: "page", items: [], first: true },
    { type: "listed", resourceVersion: "5" },
  ]);
});

for (const httpCode of [400, 422]) {
  Deno.test(`step() lists in pages from a ${httpCode} on for a stream, without a wait`, () => {
    const { state } = after(start({ streams: true }), failing({ httpCode }));
    assert.deepEqual(state.task, { do: "list" });
    const relisting = after(
      state,
      { type: "page", items: [], version: "5" },
      { type: "rolledBack" },
    );
    assert.deepEqual(relisting.state.task, { do: "list" });
    assert.equal(state.failures, 0);
  });
}

for (
  const [what, input] of [
    ["a broken connection", failing({})],
    ["a 429", failing({ httpCode: 429 })],
    ["a 410", failing({ httpCode: 410 })],
    ["what cannot be read", failing({ isUnreadable: true })],
    ["an end in good order", { type: "ended" }],
    ["silence", { type: "silent", list: false }],
    ["silence that must not be missed", { type: "silent", list: true }],
    ["a consumer that threw", { type: "rejected" }],
  ] as const
) {
  Deno.test(`step() waits after ${what} in a stream, then lists in pages, and streams the next time`, () => {
    const { state, reported } = after(start({ streams: true }), ...STREAMED, input);
    assert.deepEqual(reported.length, 2);
    assert.equal(state.isSynced, false);
    assert.equal(waitOf(state).then, "list");
    const { state: listed } = after(
      state,
      { type: "waited" },
      { type: "page", items: ["a"], version: "12" },
      { type: "opened" },
      failing({ httpCode: 410 }),
    );
    assert.equal(waitOf(listed).then, "stream");
  });
}
