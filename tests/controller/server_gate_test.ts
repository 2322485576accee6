import assert from "node:assert/strict";
import { Limiter } from "../../lib/controller/limiter.ts";
import { ServerGate } from "../../lib/controller/server_gate.ts";
import { ApiError } from "../../lib/kube/errors.ts";
import { ManualClock, settle } from "../support/manual_clock.ts";

const request = { method: "PATCH", path: "/pods/a" };
const fault = (httpCode = 503) => new ApiError({ ...request, httpCode });
const signal = new AbortController().signal;

function setUp() {
  const clock = new ManualClock();
  const gate = new ServerGate({ clock, random: () => 1 });
  const sent: number[] = [];
  const send = async (error?: unknown) => {
    const isProbe = await gate.pass(signal);
    sent.push(clock.monotonic());
    const answer = () => error === undefined ? Promise.resolve(1) : Promise.reject(error);
    await gate.watch(answer, { isProbe }).catch(() => {});
  };
  const close = async () => {
    for (let i = 0; i < 5; i++) await send(fault());
  };
  return { clock, gate, sent, send, close };
}

Deno.test("ServerGate stays open for single faults, and for answers that concern one object", async () => {
  const { gate, send } = setUp();
  for (let i = 0; i < 20; i++) {
    for (let j = 0; j < 4; j++) await send(fault());
    await send(i % 2 === 0 ? undefined : fault(422));
  }
  const status = { message: 'admission webhook "pub" denied the request: not now' };
  for (const httpCode of [429, 500, 503]) {
    for (let i = 0; i < 10; i++) await send(new ApiError({ ...request, httpCode, status }));
  }
  const message = 'Internal error occurred: failed calling webhook "pub": no endpoints';
  for (let i = 0; i < 10; i++) {
    await send(new ApiError({ ...request, httpCode: 500, status: { message } }));
  }
  assert.equal(gate.isOpen, true);
});

Deno.test("ServerGate lets one probe pass at a time, ever more seldom, at least every few seconds", async () => {
  const { clock, gate, sent, send, close } = setUp();
  await close();
  assert.equal(gate.isOpen, false);
  for (let i = 0; i < 50; i++) send(fault());
  await clock.advance(120_000);
  const probes = sent.slice(5).map((at, i) => at - (sent[i + 4] ?? 0));
  assert.deepEqual(probes.slice(0, 5), [500, 1_000, 2_000, 4_000, 4_000]);
  assert.ok(probes.every((wait) => wait <= 4_000));
  assert.ok(probes.length >= 29);
});

Deno.test("ServerGate opens for all with the first answer, a refusal included", async () => {
  for (const answer of [undefined, fault(409), fault(422)]) {
    const { clock, gate, sent, send, close } = setUp();
    await close();
    const before = sent.length;
    for (let i = 0; i < 100; i++) send(answer);
    await clock.advance(499);
    assert.equal(sent.length, before);
    await clock.advance(1);
    assert.equal(sent.length, before + 100);
    assert.equal(gate.isOpen, true);
  }
});

Deno.test("ServerGate lets another probe pass where one is never answered", async () => {
  const { clock, gate, close } = setUp();
  await close();
  await clock.advance(500);
  assert.equal(await gate.pass(signal), true);
  let isSecond = false;
  gate.pass(signal).then((isProbe) => isSecond = isProbe);
  await clock.advance(4_999);
  assert.equal(isSecond, false);
  await clock.advance(1);
  assert.equal(isSecond, true);
});

Deno.test("Limiter sends nothing but probes while the API server fails, and all the rest once it answers", async () => {
  const clock = new ManualClock();
  const limiter = new Limiter({ clock, maxInFlight: 16, perSecond: 1_000 });
  let isBroken = true;
  let requests = 0;
  const send = () => {
    requests++;
    return isBroken ? Promise.reject(fault()) : Promise.resolve("stored");
  };
  const outcomes = Array.from(
    { length: 500 },
    () => limiter.run(send, signal).catch(() => "failed"),
  );
  await clock.advance(60_000);
  assert.ok(requests < 50, `${requests} requests in a minute of faults`);
  isBroken = false;
  const before = requests;
  await clock.advance(4_000);
  for (let i = 0; i < 1_000 && requests < 500; i++) await settle();
  assert.equal(requests, 500, `${requests - before} after the recovery`);
  const all = await Promise.all(outcomes);
  assert.equal(all.filter((outcome) => outcome === "stored").length, 500 - before);
});

Deno.test("Limiter gives an unsent probe to the next request, and stops waiting with the signal", async () => {
  const clock = new ManualClock();
  const limiter = new Limiter({ clock, maxInFlight: 4, perSecond: 1_000 });
  const failing = () => Promise.reject(fault());
  for (let i = 0; i < 5; i++) await limiter.run(failing, signal).catch(() => {});
  const notLeader = () => Promise.reject(new Error("a follower"));
  const follower = limiter.run(notLeader, signal).catch(() => "not sent");
  const next = limiter.run(() => Promise.resolve("sent"), signal);
  await clock.advance(1_000);
  assert.deepEqual(await Promise.all([follower, next]), ["not sent", "sent"]);
  for (let i = 0; i < 5; i++) await limiter.run(failing, signal).catch(() => {});
  const stop = new AbortController();
  const waiting = limiter.run(() => Promise.resolve("sent"), stop.signal);
  stop.abort();
  assert.equal(await waiting, undefined);
});

Deno.test("Limiter starts no request while the event loop is busy, and then all in their order", async () => {
  const clock = new ManualClock();
  let isBusy = false;
  const started: number[] = [];
  const limiter = new Limiter({
    clock,
    maxInFlight: 16,
    perSecond: 1_000,
    pause: () => isBusy ? clock.sleep(3) : undefined,
  });
  const send = (i: number) => () => {
    started.push(i);
    isBusy = i === 1;
    return Promise.resolve(i);
  };
  const sent = [0, 1, 2, 3].map((i) => limiter.run(send(i), signal));
  await settle();
  assert.deepEqual(started, [0, 1]);
  await clock.advance(3);
  await Promise.all(sent);
  assert.deepEqual(started, [0, 1, 2, 3]);
});
