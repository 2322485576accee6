import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { systemClock } from "../../lib/runtime/clock.ts";
import { openSocketTuning } from "../../lib/webhook/socket_tuning.ts";
import { eventually } from "../support/eventually.ts";
import { recordingLogger } from "./fixtures.ts";
import { certificateOf, review, serve } from "./serving.ts";

Deno.test("startServer() serves a new certificate without losing a request, pooled or fresh", async () => {
  await using served = await serve({
    // Longer than a busy machine takes to accept what was connected before the swap; a controller's is 10 s.
    overlapMs: 400,
    handler: async (request) => {
      await request.text();
      await systemClock().sleep(1);
      return new Response("ok");
    },
  });
  let running = true;
  const outcomes = { answered: 0, failed: [] as unknown[] };
  const attempt = async (client: Deno.HttpClient) => {
    try {
      await review(served.url, client);
      outcomes.answered++;
    } catch (error) {
      outcomes.failed.push(error);
    }
  };
  const pooled = served.client();
  const load = [
    ...Array.from({ length: 4 }, async () => {
      while (running) await attempt(pooled);
    }),
    (async () => {
      while (running) {
        const fresh = served.client(false);
        await attempt(fresh);
      }
    })(),
  ];
  const before = await certificateOf(served);
  for (let i = 0; i < 4; i++) {
    served.server.swap(await served.pki.issue());
    await systemClock().sleep(550);
  }
  running = false;
  await Promise.all(load);
  assert.deepEqual(outcomes.failed, []);
  assert.ok(outcomes.answered > 50, `${outcomes.answered} requests`);
  assert.notEqual(await certificateOf(served), before);
});

Deno.test("startServer() gives every new connection the newest certificate while old listeners live on", async () => {
  await using served = await serve({ overlapMs: 60_000 });
  for (let i = 0; i < 3; i++) {
    const identity = await served.pki.issue();
    served.server.swap(identity);
    const { serialNumber } = new X509Certificate(identity.cert);
    for (let connection = 0; connection < 12; connection++) {
      assert.equal(await certificateOf(served), serialNumber);
    }
  }
});

Deno.test("startServer() steers to the newest certificate while a closed listener has a request", async () => {
  const overlapMs = 12_345;
  const system = systemClock();
  const overlaps: (() => void)[] = [];
  const steered: number[] = [];
  const sockets = openSocketTuning({ logger: recordingLogger() });
  using _sockets = { [Symbol.dispose]: () => sockets.close() };
  const arrived = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  await using served = await serve({
    overlapMs,
    shutdownDeadlineMs: 60_000,
    clock: {
      ...system,
      sleep: (ms, signal) => {
        if (ms !== overlapMs) return system.sleep(ms, signal);
        const { promise, resolve } = Promise.withResolvers<void>();
        signal?.addEventListener("abort", () => resolve());
        overlaps.push(resolve);
        return promise;
      },
    },
    sockets: {
      ...sockets,
      steer(port, place) {
        sockets.steer(port, place);
        steered.push(place);
      },
    },
    handler: async () => {
      arrived.resolve();
      await release.promise;
      return new Response("done");
    },
  });
  const response = fetch(served.url, { client: served.client() });
  await arrived.promise;
  served.server.swap(await served.pki.issue());
  const newest = await served.pki.issue();
  served.server.swap(newest);
  assert.deepEqual(steered, [1, 2]);
  // Ends the first listener, which has the request; the second one lives on.
  overlaps[0]?.();
  await eventually(() => steered.length > 2, { what: "the closed listener is left out" });
  assert.equal(steered.at(-1), 0);
  const { serialNumber } = new X509Certificate(newest.cert);
  for (let connection = 0; connection < 12; connection++) {
    assert.equal(await certificateOf(served), serialNumber);
  }
  release.resolve();
  assert.equal(await (await response).text(), "done");
});

Deno.test("startServer() keeps its certificate when the next one cannot be used", async () => {
  await using served = await serve();
  const { cert } = await served.pki.issue();
  assert.throws(() => served.server.swap({ cert, key: "no key" }));
  assert.equal(await review(served.url, served.client()), 200);
});
