import assert from "node:assert/strict";
import { isObject } from "../../lib/api/json.ts";
import { Events, type Occurrence } from "../../lib/controller/events.ts";
import { Writer } from "../../lib/controller/writer.ts";
import { leader } from "../support/leader.ts";
import { loopEnvironment } from "../support/loop_environment.ts";
import { ManualClock, settle } from "../support/manual_clock.ts";
import { RecordingClient, type Respond } from "../support/recording_client.ts";

function refusal(name: string, note = "the API server said no"): Occurrence {
  const regarding = { apiVersion: "v1", kind: "Pod", namespace: "shop", name, uid: `uid-${name}` };
  return { regarding, type: "Warning", reason: "SidecarUpdateFailed", action: "Upgrade", note };
}

async function setUp(respond?: Respond) {
  const clock = new ManualClock(new Date("2026-02-01T00:00:00Z"));
  const client = new RecordingClient(respond);
  const writer = new Writer({
    client,
    clock,
    leadership: leader,
    maxInFlight: 4,
    perSecond: 10_000,
  });
  const events = new Events({ ...loopEnvironment({ clock }), writer, instance: "here" });
  const stop = new AbortController();
  const running = events.run(stop.signal);
  await settle();
  const end = async () => {
    stop.abort();
    await running;
  };
  const sent = () => client.requests.map(({ method, path }) => `${method} ${path}`);
  const bodies = () =>
    client.requests.map(({ body }) => {
      assert.ok(isObject(body));
      return body;
    });
  return { clock, events, sent, bodies, end };
}

Deno.test("Events writes an event into the namespace of its object, and of SidecarSets into default", async () => {
  const { clock, events, sent, bodies, end } = await setUp();
  events.record(refusal("a"));
  const regarding = { apiVersion: "apps.kruise.io/v1beta1", kind: "SidecarSet", name: "web" };
  events.record({ ...refusal("b"), regarding });
  await clock.advance(0);
  assert.deepEqual(sent(), [
    "POST /apis/events.k8s.io/v1/namespaces/shop/events",
    "POST /apis/events.k8s.io/v1/namespaces/default/events",
  ]);
  const [event] = bodies();
  assert.equal(event?.eventTime, "2026-02-01T00:00:00.000000Z");
  assert.equal(event?.reportingInstance, "here");
  assert.equal(event?.series, undefined);
  await end();
});

Deno.test("Events writes once a minute for each reason and object, and counts what came in between", async () => {
  const { clock, events, sent, bodies, end } = await setUp();
  for (let second = 0; second < 59; second++) {
    events.record(refusal("a"));
    await clock.advance(1_000);
  }
  assert.equal(sent().length, 1);
  await clock.advance(1_000);
  assert.equal(sent().length, 2);
  assert.match(sent()[1] ?? "", /^PATCH .*\/shop\/events\/a\./);
  const series = bodies()[1]?.series;
  assert.ok(isObject(series));
  assert.equal(series.count, 59);
  await clock.advance(120_000);
  assert.equal(sent().length, 2, "nothing more has happened");
  await end();
});

Deno.test("Events writes a new event where it reads differently, still once a minute", async () => {
  const { clock, events, bodies, end } = await setUp();
  for (const note of ["first", "second", "third", "third"]) events.record(refusal("a", note));
  await clock.advance(0);
  events.record(refusal("a", "fourth"));
  await clock.advance(59_000);
  assert.deepEqual(bodies().map(({ note }) => note), ["third"]);
  await clock.advance(1_000);
  assert.deepEqual(bodies().map(({ note }) => note), ["third", "fourth"]);
  await end();
});

Deno.test("Events recreates an event that the API server has expired", async () => {
  const { clock, events, sent, end } = await setUp(({ method, body }) =>
    method === "PATCH" ? { httpCode: 404 } : { metadata: {}, ...Object(body) }
  );
  events.record(refusal("a"));
  await clock.advance(60_000);
  events.record(refusal("a"));
  await clock.advance(0);
  assert.deepEqual(sent().map((line) => line.split(" ")[0]), ["POST", "PATCH", "POST"]);
  await end();
});

Deno.test("Events remembers a bounded number of objects, and never forgets one within its minute", async () => {
  const { clock, events, sent, end } = await setUp();
  for (let i = 0; i < 3_000; i++) events.record(refusal(`pod-${i}`));
  for (let i = 0; i < 1_000; i++) await clock.advance(1);
  assert.deepEqual([events.size, sent().length], [1_000, 1_000]);
  events.record(refusal("later"));
  await clock.advance(1_000);
  assert.equal(sent().length, 1_000);
  await clock.advance(60_000);
  events.record(refusal("later"));
  await clock.advance(1_000);
  assert.deepEqual([events.size, sent().length], [1_000, 1_001]);
  await end();
});

Deno.test("Events drops an event that cannot be written for long", async () => {
  const { clock, events, sent, end } = await setUp(() => ({ httpCode: 500 }));
  events.record(refusal("a"));
  await clock.advance(3_600_000);
  const attempts = sent().length;
  assert.ok(attempts > 10 && attempts <= 31, `${attempts} attempts`);
  await clock.advance(3_600_000);
  assert.equal(sent().length, attempts);
  await end();
});

Deno.test("Events writes a note that changed while the write before was under way", async () => {
  let answer = () => {};
  const pending = new Promise<void>((resolve) => answer = resolve);
  const { clock, events, bodies, end } = await setUp(async ({ body }) => {
    await pending;
    return { ...Object(body), metadata: { ...Object(body).metadata, resourceVersion: "1" } };
  });
  events.record(refusal("a", "first"));
  await clock.advance(0);
  events.record(refusal("a", "second"));
  answer();
  await clock.advance(60_000);
  assert.deepEqual(bodies().map(({ note }) => note), ["first", "second"]);
  await end();
});

Deno.test("Events counts what happened again while the first write was under way", async () => {
  let answer = () => {};
  const pending = new Promise<void>((resolve) => answer = resolve);
  const { clock, events, sent, bodies, end } = await setUp(async ({ body }) => {
    await pending;
    return { ...Object(body), metadata: { ...Object(body).metadata, resourceVersion: "1" } };
  });
  events.record(refusal("a"));
  await clock.advance(0);
  events.record(refusal("a"));
  answer();
  await clock.advance(60_000);
  assert.match(sent()[1] ?? "", /^PATCH /);
  assert.equal(Object(bodies()[1]?.series).count, 2);
  await end();
});

Deno.test("Events writes again after a fault of the API server, and drops what it refuses", async () => {
  const answers = [503, 503, 422];
  const { clock, events, bodies, end } = await setUp(() => {
    const httpCode = answers.shift();
    return httpCode === undefined ? { metadata: {} } : { httpCode };
  });
  events.record(refusal("a", "during an outage"));
  await clock.advance(1_000);
  await clock.advance(2_000);
  assert.equal(bodies().length, 3);
  await clock.advance(600_000);
  assert.equal(bodies().length, 3);
  await end();
});
